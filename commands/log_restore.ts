import { BaseCommand } from '@adonisjs/core/ace'
import { archiveTitle } from '#event_store/archive_reader'
import { tellMaintenanceError } from '#maintenance/errors'
import { archivesFrom, unarchiveLog } from '#maintenance/unarchive_log'
import { withServices } from '#start/console_services'
import { PartsProgress } from '#start/maintenance'

export default class LogRestore extends BaseCommand {
  static override commandName = 'log:restore'
  static override description =
    'Say which archives of the log have events from a position on, and with --apply bring them back, while the site runs'
  static override options = { startApp: true }

  declare from: number
  declare apply: boolean

  static {
    this.defineFlag('from', {
      type: 'number',
      default: 1,
      description: 'The first event that is to be in the database again; all unless told',
    })
    this.defineFlag('apply', { type: 'boolean', description: 'Do it, instead of looking only' })
  }

  override async run() {
    await withServices(async ({ config, pool, archives: strategies }) => {
      const found = await archivesFrom(pool, this.from)
      found.forEach((archive) =>
        this.logger.info(`${archive.first}–${archive.last} is in ${archiveTitle(archive)}`)
      )
      if (!this.apply || found.length === 0) {
        this.logger.success(
          found.length === 0
            ? 'There is nothing to bring back'
            : `${found.length} archives: add --apply`
        )
        return
      }
      const progress = new PartsProgress(() => 'events')
      await unarchiveLog({
        connectionString: config.databaseUrl,
        strategies,
        from: this.from,
        progress: progress.update,
        restored: (archive) => {
          progress.end()
          this.logger.success(
            `${archive.first}–${archive.last} is in the database; ${archiveTitle(archive)} is in no use any more`
          )
        },
      })
    })
  }

  override async completed() {
    return tellMaintenanceError(this)
  }
}
