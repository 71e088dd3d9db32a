import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * The audit log, written by its worker from the event log. Addresses, names and e-mail are not copied: they are read
 * from the event when shown, so that a forgotten person is forgotten here too.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw(`
      create table read.audit_logs (
        id bigint primary key,
        event_id uuid not null unique,
        actor_kind text not null,
        actor_user_id bigint,
        action text collate "C" not null,
        resource_type text collate "C" not null,
        resource_id text collate "C",
        details jsonb not null,
        created_at timestamptz(3) not null
      );
      create index audit_logs_actor on read.audit_logs (actor_user_id, id desc);
      create index audit_logs_action on read.audit_logs (action, id desc);
      create index audit_logs_resource on read.audit_logs (resource_type, resource_id, id desc);
      create index audit_logs_time on read.audit_logs (created_at desc);
    `)
  }

  override async down() {
    this.schema.raw('drop table read.audit_logs')
  }
}
