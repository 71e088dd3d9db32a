import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * What an act changed is read from the log when it is shown, so that it is told in one way only and forgotten with the
 * person. An entry keeps where to look: the positions of the earlier events that know what was there before. Entries
 * from before this change get theirs by `audit:rebuild`.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      alter table read.audit_logs drop column details;
      alter table read.audit_logs add column earlier bigint[] not null default '{}';
      drop index read.audit_logs_resource;
      create index audit_logs_resource on read.audit_logs (resource_type, id desc);
    `)
  }

  override async down() {
    this.schema.raw(`
      drop index read.audit_logs_resource;
      create index audit_logs_resource on read.audit_logs (resource_type, resource_id, id desc);
      alter table read.audit_logs drop column earlier;
      alter table read.audit_logs add column details jsonb not null default '{}';
    `)
  }
}
