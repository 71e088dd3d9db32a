import { BaseCommand } from '@adonisjs/core/ace'
import { listArchives } from '#event_store/archive'
import { archiveTitle } from '#event_store/archive_reader'
import { listPartitions } from '#maintenance/archive_plan'
import { withServices } from '#start/console_services'

export default class LogPartitions extends BaseCommand {
  static override commandName = 'log:partitions'
  static override description =
    'Say in which partitions the log lies, and where those are that were put away'
  static override options = { startApp: true }

  declare json: boolean

  static {
    this.defineFlag('json', { type: 'boolean', description: 'Print JSON' })
  }

  override async run() {
    const ranges = await withServices(async ({ pool }) => {
      const archives = await listArchives(pool)
      const partitions = await listPartitions(pool)
      return [
        ...archives.map((archive) => ({
          first: archive.first,
          last: archive.last,
          rows: archive.last - archive.first + 1,
          bytes: archive.bytes,
          archive: archiveTitle(archive),
        })),
        ...partitions.map((partition) => ({ ...partition, archive: null })),
      ]
    })
    if (this.json) {
      console.log(JSON.stringify(ranges, null, 2))
      return
    }
    for (const { first, last, rows, bytes, archive } of ranges) {
      const size = `${(bytes / 1_000_000).toFixed(1)} MB`
      console.log(`${first}–${last}: ${rows} events, ${size}, ${archive ?? 'in the database'}`)
    }
  }
}
