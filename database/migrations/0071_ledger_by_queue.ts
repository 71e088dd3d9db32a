import { BaseSchema } from '@adonisjs/lucid/schema'

/** What is owed and what was handed over is looked up queue by queue: a long one holds up no other. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      drop index run.job_ledger_owed;
      drop index run.job_ledger_dispatched;
      create index job_ledger_owed on run.job_ledger (queue, run_at) where state = 'owed';
      create index job_ledger_dispatched on run.job_ledger (queue, dispatched_at) where state = 'dispatched';
    `)
  }

  override async down() {
    this.schema.raw(`
      drop index run.job_ledger_owed;
      drop index run.job_ledger_dispatched;
      create index job_ledger_owed on run.job_ledger (run_at) where state = 'owed';
      create index job_ledger_dispatched on run.job_ledger (dispatched_at) where state = 'dispatched';
    `)
  }
}
