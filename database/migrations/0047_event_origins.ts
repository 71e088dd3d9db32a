import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * Who did what by which request, for searching the log. It is taken from the log a stretch at a time, after the appends
 * and not within them: an index on what is in the metadata would have PostgreSQL parse it under the log's lock.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table run.event_origins (
        position bigint not null,
        account_id bigint,
        request bigint not null,
        type text collate "C" not null
      );
      create index event_origins_account on run.event_origins (account_id, position) include (type)
        where account_id is not null;
      create index event_origins_request on run.event_origins (request, position);

      create table run.event_origins_end (
        singleton boolean primary key default true check (singleton),
        position bigint not null
      ) with (fillfactor = 50);
      insert into run.event_origins_end (position) values (0);

      -- Takes in the next events, so many at most; answers whether there are more. One caller at a time does the work.
      create function run.take_event_origins(most integer) returns boolean language plpgsql as $$
      declare
        taken bigint;
        head bigint;
        through bigint;
      begin
        select e.position into taken from run.event_origins_end e for update skip locked;
        if not found then
          return false;
        end if;
        select h.position into strict head from log.head h;
        through := least(head, taken + most);
        if through > taken then
          insert into run.event_origins (position, account_id, request, type)
          select e.position, (e.metadata -> 'actor' ->> 'account_id')::bigint,
            hashtextextended(e.metadata ->> 'correlation_id', 0), e.type
          from log.events e where e.position > taken and e.position <= through order by e.position;
          update run.event_origins_end set position = through;
        end if;
        return through < head;
      end
      $$;
    `)
  }

  override async down() {
    this.schema.raw(`
      drop function run.take_event_origins(integer);
      drop table run.event_origins_end;
      drop table run.event_origins;
    `)
  }
}
