import { BaseSchema } from '@adonisjs/lucid/schema'

/** How far the rebuild of a read model is that an administrator asked for; gone when it has ended. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table run.rebuild_progress (
        projection text collate "C" primary key,
        phase text collate "C" not null,
        position bigint not null,
        head bigint not null,
        started_at timestamptz(3) not null default now(),
        updated_at timestamptz(3) not null default now()
      ) with (fillfactor = 50)
    `)
  }

  override async down() {
    this.schema.raw('drop table run.rebuild_progress')
  }
}
