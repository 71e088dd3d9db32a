import { BaseCommand } from '@adonisjs/core/ace'
import { listParked } from '#projections/parking'
import { withServices } from '#start/console_services'

export default class ProjectionsParkList extends BaseCommand {
  static override commandName = 'projections:park:list'
  static override description = 'List the streams that a read model could not digest'
  static override options = { startApp: true }

  declare json: boolean

  static {
    this.defineFlag('json', { type: 'boolean', description: 'Print JSON' })
  }

  override async run() {
    const parked = await withServices(({ pool }) => listParked(pool))
    if (this.json) {
      console.log(JSON.stringify(parked, null, 2))
      return
    }
    if (parked.length === 0) {
      this.logger.success('Nothing is parked')
      return
    }
    const table = this.ui.table()
    table.head(['Read model', 'Stream', 'Position', 'Events', 'Since', 'Reason'])
    for (const stream of parked) {
      table.row([
        stream.projection,
        stream.partitionKey,
        String(stream.position),
        String(stream.waiting),
        stream.parkedAt,
        stream.error,
      ])
    }
    table.render()
  }
}
