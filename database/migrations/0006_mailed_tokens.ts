import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * What is kept of the secrets in mailed links: their hashes. There is one link a purpose and account; a new one takes
 * the place of the former. `email_mark` is a keyed fingerprint of the address that the mail went to, `event_position`
 * where the log has the request that it answers, `in_hand_until` how long whoever is sending it may take.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table secrets.mailed_tokens (
        account_id bigint not null,
        purpose text collate "C" not null check (purpose in ('verify_email', 'reset_password')),
        token_hash bytea not null unique,
        email_mark text collate "C" not null,
        event_position bigint not null,
        expires_at timestamptz(3) not null,
        in_hand_until timestamptz(3),
        sent_at timestamptz(3),
        used_at timestamptz(3),
        created_at timestamptz(3) not null default now(),
        primary key (account_id, purpose)
      )
    `)
  }

  override async down() {
    this.schema.raw('drop table secrets.mailed_tokens')
  }
}
