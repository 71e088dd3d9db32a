import { resolve } from 'node:path'
import { BaseCommand } from '@adonisjs/core/ace'
import { LogElsewhereError, tellLogElsewhere } from '#event_store/eventstoredb_client'
import { requireLogPlace } from '#event_store/log_place'
import { tellMaintenanceError } from '#maintenance/errors'
import type { Manifest } from '#maintenance/manifest'
import { returnObjects } from '#maintenance/objects'
import { preflight, restore, type RestoreOptions } from '#maintenance/restore'
import { catchUp } from '#projections/catch_up'
import { installProjections } from '#projections/install'
import { projections } from '#projections/registry'
import { servicesConfig, withServices } from '#start/console_services'
import { PartsProgress, storesOf } from '#start/maintenance'
import type { Services } from '#start/services'
import { rebuildAuditLog } from '#workers/audit_rebuild'

export default class MaintenanceRestore extends BaseCommand {
  static override commandName = 'maintenance:restore'
  static override description =
    'Look whether a backup can be restored here, and with --apply do so: the site must not run'
  static override options = { startApp: true }

  declare folder: string
  declare keys?: string
  declare apply: boolean
  declare force: boolean

  static {
    this.defineArgument('folder', { type: 'string', description: 'The folder of the backup' })
    this.defineFlag('keys', {
      type: 'string',
      description: 'The folder of the keys, when they were written apart',
    })
    this.defineFlag('apply', { type: 'boolean', description: 'Do it, instead of looking only' })
    this.defineFlag('force', {
      type: 'boolean',
      description: 'Also replace what a database holds that is in use',
    })
  }

  override async run() {
    if (servicesConfig().eventStoreUrl !== undefined) {
      throw new LogElsewhereError(
        'A backup is restored to PostgreSQL: do it without EVENTSTORE_URL, then use events:copy'
      )
    }
    const migration = await this.kernel.exec('migration:run', ['--force'])
    if (migration.exitCode !== 0) {
      this.exitCode = migration.exitCode ?? 1
      return
    }
    await withServices(async (services) => {
      await requireLogPlace({
        connectionString: services.config.databaseUrl,
        inEventStoreDb: false,
      })
      const options = {
        connectionString: services.config.databaseUrl,
        appKey: services.config.appKey,
        folder: resolve(this.folder),
        keysFolder: this.keys === undefined ? null : resolve(this.keys),
      }
      await (this.apply ? this.#restore(services, options) : this.#look(options))
    })
  }

  override async completed() {
    return tellMaintenanceError(this) || tellLogElsewhere(this)
  }

  async #look(options: RestoreOptions) {
    const { content, faults, isInUse } = await preflight(options)
    faults.forEach((fault) => this.logger.error(fault))
    if (isInUse) {
      this.logger.warning('The database is in use: --force would replace all that it has')
    }
    if (faults.length > 0) {
      this.exitCode = 1
    } else {
      this.logger.success(
        `The log up to event ${content.position}, of ${content.created_at}, can be restored: add --apply`
      )
    }
  }

  async #restore(services: Services, options: RestoreOptions) {
    const progress = new PartsProgress((what) => (what === 'objects' ? 'objects' : 'rows'))
    const content = await restore({ ...options, force: this.force, progress: progress.update })
    await this.#rebuild(services, content, progress)
    if (content.objects !== null) {
      await returnObjects(options.folder, content.objects.rows, storesOf(services), (done, total) =>
        progress.update('objects', done, total)
      )
    }
    progress.end()
    this.logger.success(`The site is as it was at event ${content.position}`)
  }

  /** What follows from the log comes back from it. */
  async #rebuild(
    { config, eventStore, pool }: Services,
    content: Manifest,
    progress: PartsProgress
  ) {
    const options = { connectionString: config.databaseUrl, eventStore, projections }
    await installProjections(options)
    while (!(await catchUp(options, content.position))) {
      progress.update('read models', 0, content.position)
    }
    await rebuildAuditLog({
      pool,
      eventStore,
      progress: (position, head) => progress.update('audit log', position, head),
    })
  }
}
