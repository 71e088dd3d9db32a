import { BaseSchema } from '@adonisjs/lucid/schema'

/** Ids of the links that images are shared by. */
export default class extends BaseSchema {
  override async up() {
    this.schema.raw('create sequence log.share_ids')
  }

  override async down() {
    this.schema.raw('drop sequence log.share_ids')
  }
}
