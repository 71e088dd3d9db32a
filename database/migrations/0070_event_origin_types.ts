import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * What an account did of one type is found at once, also when it did little of that among much else. The index by account
 * alone need not hold the type any more.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create index event_origins_account_type on run.event_origins (account_id, type, position)
        where account_id is not null;
      drop index run.event_origins_account;
      create index event_origins_account on run.event_origins (account_id, position)
        where account_id is not null;
    `)
  }

  override async down() {
    this.schema.raw(`
      drop index run.event_origins_account_type;
      drop index run.event_origins_account;
      create index event_origins_account on run.event_origins (account_id, position) include (type)
        where account_id is not null;
    `)
  }
}
