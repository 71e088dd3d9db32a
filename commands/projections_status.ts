import { BaseCommand } from '@adonisjs/core/ace'
import { projections } from '#projections/registry'
import { projectionStatus } from '#projections/status'
import { withServices } from '#start/console_services'

export default class ProjectionsStatus extends BaseCommand {
  static override commandName = 'projections:status'
  static override description = 'Show where each read model stands'
  static override options = { startApp: true }

  declare json: boolean

  static {
    this.defineFlag('json', { type: 'boolean', description: 'Print JSON' })
  }

  override async run() {
    const statuses = await withServices(({ pool }) => projectionStatus(pool, projections))
    if (this.json) {
      console.log(JSON.stringify(statuses, null, 2))
      return
    }
    const table = this.ui.table()
    table.head(['Read model', 'Version', 'Position', 'Behind', 'Parked streams', 'Notes'])
    for (const status of statuses) {
      const notes = [
        status.version === 0 ? 'not installed' : '',
        status.rebuilding ? 'being rebuilt' : '',
        status.canRollBack ? 'can be rolled back' : '',
      ]
      table.row([
        status.projection,
        `${status.version} of ${status.codeVersion}`,
        String(status.position),
        String(status.lag),
        String(status.parkedStreams),
        notes.filter(Boolean).join(', '),
      ])
    }
    table.render()
  }
}
