import { BaseSchema } from '@adonisjs/lucid/schema'

/** Passwords and keys of storage strategies, each sealed under a key derived from the site's. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table secrets.strategy_secrets (
        strategy_id bigint not null,
        field text collate "C" not null,
        sealed bytea not null,
        updated_at timestamptz(3) not null default now(),
        primary key (strategy_id, field)
      )
    `)
  }

  override async down() {
    this.schema.raw('drop table secrets.strategy_secrets')
  }
}
