import { BaseSchema } from '@adonisjs/lucid/schema'

/** The key that signs checkpoints of the log; a site has one. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table secrets.signing_key (
        singleton boolean primary key default true check (singleton),
        site_id uuid not null,
        sealed bytea not null,
        created_at timestamptz(3) not null default now()
      );
    `)
  }

  override async down() {
    this.schema.raw('drop table secrets.signing_key')
  }
}
