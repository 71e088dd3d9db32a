import { BaseSchema } from '@adonisjs/lucid/schema'

/**
 * The log is searched by type. Other ways of searching it have no index of their own: one on anything within the metadata
 * costs every append a tenth, since PostgreSQL parses them for it, and time grows with the position anyway.
 */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw('create index events_type on log.events (type, position)')
  }

  override async down() {
    this.schema.raw('drop index log.events_type')
  }
}
