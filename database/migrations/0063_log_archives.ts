import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * Partitions of the log that were put away: where the file of each lies, and what it must hold. They are the beginning of the
 * log, without a gap. `block_offsets` and `block_digests` are of its blocks, each compressed by itself, so that one event
 * can be read without the others.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table log.archives (
        first_position bigint primary key,
        last_position bigint not null check (last_position >= first_position),
        -- Either a folder or a storage strategy.
        folder text,
        strategy_id bigint,
        name text collate "C" not null,
        bytes bigint not null,
        sha256 bytea not null,
        -- The chain's hash before the first event, and at the last.
        previous_hash bytea not null,
        last_hash bytea not null,
        block_events integer not null check (block_events > 0),
        block_offsets bigint[] not null,
        block_digests bytea[] not null,
        archived_at timestamptz(3) not null,
        check ((folder is null) <> (strategy_id is null))
      );

      -- The last position that is in an archive, or 0.
      create function log.archived() returns bigint language sql stable as
        'select coalesce((select a.last_position from log.archives a order by a.first_position desc limit 1), 0)';
    `)
  }

  override async down() {
    this.schema.raw('drop function log.archived; drop table log.archives')
  }
}
