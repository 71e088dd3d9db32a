import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * Where projections stand, and what they could not digest. The tables of the read models themselves are made by
 * `installProjections`, since the same table is made in other schemas for a rebuild.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create schema run;
      create schema read;
      create schema read_next;
      create schema read_previous;

      create table run.checkpoints (
        projection text collate "C" not null,
        slot text collate "C" not null check (slot in ('live', 'next', 'previous')),
        version integer not null,
        position bigint not null,
        updated_at timestamptz(3) not null default now(),
        primary key (projection, slot)
      ) with (fillfactor = 50);

      create table run.parked_events (
        projection text collate "C" not null,
        slot text collate "C" not null,
        position bigint not null,
        partition_key text collate "C" not null,
        error text,
        attempts integer not null default 1,
        parked_at timestamptz(3) not null default now(),
        primary key (projection, slot, position)
      );
    `)
  }

  override async down() {
    this.schema.raw('drop schema read, read_next, read_previous, run cascade')
  }
}
