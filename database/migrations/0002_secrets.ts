import { BaseSchema } from '@adonisjs/lucid/schema'

/** What must never be in the log: hashes of passwords and tokens, and the keys of personal data. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create schema secrets;

      create table secrets.personal_keys (
        subject text collate "C" primary key,
        wrapped_key bytea,
        created_at timestamptz(3) not null default now(),
        erased_at timestamptz(3),
        check ((wrapped_key is null) = (erased_at is not null))
      );

      create table secrets.credentials (
        account_id bigint primary key,
        password_hash text not null,
        updated_at timestamptz(3) not null default now()
      );

      create table secrets.api_tokens (
        token_id bigint primary key,
        account_id bigint not null,
        token_hash bytea not null unique,
        last_used_at timestamptz(3),
        created_at timestamptz(3) not null default now()
      );

      create table secrets.refresh_tokens (
        id uuid primary key,
        family_id uuid not null,
        account_id bigint not null,
        token_hash bytea not null unique,
        expires_at timestamptz(3) not null,
        used_at timestamptz(3),
        revoked_at timestamptz(3),
        created_at timestamptz(3) not null default now()
      );
      create index refresh_tokens_family on secrets.refresh_tokens (family_id);
      create index refresh_tokens_account on secrets.refresh_tokens (account_id);
    `)
  }

  override async down() {
    this.schema.raw('drop schema secrets cascade')
  }
}
