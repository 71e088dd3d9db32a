import { resolve } from 'node:path'
import { BaseCommand } from '@adonisjs/core/ace'
import { backUp } from '#maintenance/backup'
import { tellMaintenanceError } from '#maintenance/errors'
import { withServices } from '#start/console_services'
import { PartsProgress, storesOf } from '#start/maintenance'

export default class MaintenanceBackup extends BaseCommand {
  static override commandName = 'maintenance:backup'
  static override description =
    'Write the log, the secrets and the owed work into a folder, as of one moment, while the site runs'
  static override options = { startApp: true }

  declare folder: string
  declare keys?: string
  declare objects: boolean
  declare archives: boolean

  static {
    this.defineArgument('folder', { type: 'string', description: 'The folder to make' })
    this.defineFlag('keys', {
      type: 'string',
      description: 'A second folder to make, for the keys and APP_KEY: to be kept elsewhere',
    })
    this.defineFlag('objects', {
      type: 'boolean',
      description: 'Take along the bytes of images and thumbnails',
    })
    this.defineFlag('archives', {
      type: 'boolean',
      description: 'Take along the archives of the log, from wherever they lie',
    })
  }

  override async run() {
    const progress = new PartsProgress((what) =>
      what === 'objects' || what === 'archives' ? what : 'rows'
    )
    const { position, tables, objects, archives, missing } = await withServices((services) =>
      backUp({
        connectionString: services.config.databaseUrl,
        appKey: services.config.appKey,
        folder: resolve(this.folder),
        keysFolder: this.keys === undefined ? null : resolve(this.keys),
        storeOf: this.objects ? storesOf(services) : null,
        archives: this.archives ? services.archives : null,
        progress: progress.update,
      })
    )
    progress.end()
    const rows = tables.reduce((sum, table) => sum + table.rows, 0)
    const also = objects === null ? '' : `, ${objects.rows} objects of ${objects.bytes} bytes`
    this.logger.success(`${this.folder} holds the log up to event ${position}: ${rows} rows${also}`)
    for (const { first, last, place } of archives.filter(({ included }) => !included)) {
      this.logger.warning(`Events ${first} to ${last} are not in the backup: keep ${place}`)
    }
    for (const name of missing) {
      this.logger.warning(`${name} could not be read, and is not in the backup`)
    }
    this.exitCode = missing.length === 0 ? 0 : 1
  }

  override async completed() {
    return tellMaintenanceError(this)
  }
}
