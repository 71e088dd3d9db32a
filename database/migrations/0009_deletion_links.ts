import { BaseSchema } from '@adonisjs/lucid/schema'

/** Secrets of the deletion URLs that upload tools are given, as hashes. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table secrets.deletion_links (
        secret_hash bytea primary key,
        image_id bigint not null,
        created_at timestamptz(3) not null default now()
      );
      create index deletion_links_image on secrets.deletion_links (image_id);
    `)
  }

  override async down() {
    this.schema.raw('drop table secrets.deletion_links')
  }
}
