import { BaseSchema } from '@adonisjs/lucid/schema'

/** What is owed because of events, and how far the log has been turned into it. Redis only carries it. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table run.relay_checkpoint (
        singleton boolean primary key default true check (singleton),
        position bigint not null
      ) with (fillfactor = 50);
      insert into run.relay_checkpoint (position) values (0);

      create table run.job_ledger (
        reaction_key text collate "C" primary key,
        queue text collate "C" not null,
        event_id uuid not null,
        event_position bigint not null,
        payload jsonb not null,
        run_at timestamptz(3) not null,
        state text collate "C" not null default 'owed' check (state in ('owed', 'dispatched', 'done', 'dead')),
        attempt integer not null default 0,
        dispatched_at timestamptz(3),
        settled_at timestamptz(3),
        last_error text
      ) with (fillfactor = 80);
      create index job_ledger_owed on run.job_ledger (run_at) where state = 'owed';
      create index job_ledger_dispatched on run.job_ledger (dispatched_at) where state = 'dispatched';
      create index job_ledger_dead on run.job_ledger (settled_at) where state = 'dead';
      create index job_ledger_done on run.job_ledger (settled_at) where state = 'done';
    `)
  }

  override async down() {
    this.schema.raw('drop table run.job_ledger, run.relay_checkpoint')
  }
}
