import { BaseSchema } from '@adonisjs/lucid/schema'

/** Names of objects that are being stored: whoever has reserved one is the only one to write under it. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table run.object_reservations (
        strategy_id bigint not null,
        object_key text collate "C" not null,
        reserved_at timestamptz(3) not null default now(),
        primary key (strategy_id, object_key)
      ) with (fillfactor = 80);
      create index object_reservations_age on run.object_reservations (reserved_at);

      -- Answers whether the name is the caller's now: nobody else is about to use it, and the log has never seen it.
      -- The log is asked after the reservation, in a statement of its own: whoever had the name before has given it up
      -- only after the append. It need not be durable at once: what is lost with it is the trace of an unfinished upload.
      create function run.reserve_object(for_strategy bigint, for_key text) returns boolean
      language plpgsql as $$
      begin
        perform set_config('synchronous_commit', 'off', true);
        insert into run.object_reservations (strategy_id, object_key) values (for_strategy, for_key)
        on conflict do nothing;
        if not found then
          return false;
        end if;
        if exists (
          select 1 from log.claims where scope = 'object_key' and value = for_strategy || ':' || for_key
        ) then
          delete from run.object_reservations where strategy_id = for_strategy and object_key = for_key;
          return false;
        end if;
        return true;
      end
      $$;
    `)
  }

  override async down() {
    this.schema.raw('drop function run.reserve_object; drop table run.object_reservations')
  }
}
