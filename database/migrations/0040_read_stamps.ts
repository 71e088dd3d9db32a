import { BaseSchema } from '@adonisjs/lucid/schema'

/** What tells at once whether anything has changed that an account's answers are made of; see `app/projections/stamps.ts`. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table run.read_stamps (
        subject bigint primary key,
        stamp uuid not null
      ) with (fillfactor = 50)
    `)
  }

  override async down() {
    this.schema.raw('drop table run.read_stamps')
  }
}
