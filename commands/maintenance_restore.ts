import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { BaseCommand } from '@adonisjs/core/ace'
import { LogElsewhereError, tellLogElsewhere } from '#event_store/eventstoredb_client'
import { requireLogPlace } from '#event_store/log_place'
import { tellMaintenanceError } from '#maintenance/errors'
import { readManifest, type Manifest } from '#maintenance/manifest'
import { returnObjects } from '#maintenance/objects'
import { preflight, restore, type RestoreOptions } from '#maintenance/restore'
import { catchUp } from '#projections/catch_up'
import { installProjections } from '#projections/install'
import { projections } from '#projections/registry'
import env from '#start/env'
import { servicesConfig, withServices } from '#start/console_services'
import { PartsProgress, storesOf } from '#start/maintenance'
import type { Services } from '#start/services'
import { DataFolder } from '#supervisor/data_folder'
import { SupervisorError } from '#supervisor/errors'
import { lendServers } from '#supervisor/lent_servers'
import { givenVariables } from '#supervisor/site_environment'
import { rebuildAuditLog } from '#workers/audit_rebuild'

export default class MaintenanceRestore extends BaseCommand {
  static override commandName = 'maintenance:restore'
  static override description =
    'Look whether a backup can be restored here, and with --apply do so: the site must not run'
  static override options = { startApp: true }

  declare folder: string
  declare keys?: string
  declare archives?: string
  declare apply: boolean
  declare force: boolean

  static {
    this.defineArgument('folder', { type: 'string', description: 'The folder of the backup' })
    this.defineFlag('keys', {
      type: 'string',
      description: 'The folder of the keys, when they were written apart',
    })
    this.defineFlag('archives', {
      type: 'string',
      description:
        'The folder that archives of the log lie in, or are to lie in; DATA_DIR/log-archive for those that the backup has',
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
    await (givenVariables().has('DATABASE_URL') ? this.#runHere() : this.#runOnOwnServers())
  }

  override async completed() {
    if (this.error instanceof SupervisorError) {
      this.logger.error(this.error.message)
      return true
    }
    return tellMaintenanceError(this) || tellLogElsewhere(this)
  }

  /** A site with servers of its own has no database while it stands still: they run for as long as this takes. */
  async #runOnOwnServers() {
    const given = givenVariables()
    const data = new DataFolder(env.get('DATA_DIR'))
    const appKey = given.has('APP_KEY') ? env.get('APP_KEY') : await this.#keyOfTheBackup()
    const servers = await lendServers(data, {
      redisUrl: given.has('REDIS_URL') ? env.get('REDIS_URL') : undefined,
      tell: (line) => this.logger.info(line),
    })
    // Whoever interrupts it interrupts the process that does the work; the servers are still to be stopped.
    const goOn = () => {}
    process.on('SIGINT', goOn)
    try {
      const child = spawn(process.execPath, process.argv.slice(1), {
        stdio: 'inherit',
        env: {
          ...process.env,
          DATABASE_URL: servers.databaseUrl,
          REDIS_URL: servers.redisUrl,
          APP_KEY: appKey ?? data.siteKey(),
        },
      })
      const [code] = (await once(child, 'exit')) as [number | null]
      this.exitCode = code ?? 1
      if (code === 0 && this.apply && appKey !== null) {
        this.#keepKey(data, appKey, given.has('APP_KEY'))
      }
    } finally {
      process.off('SIGINT', goOn)
      await servers.stop()
    }
  }

  async #keyOfTheBackup(): Promise<string | null> {
    return this.keys === undefined ? null : ((await readManifest(this.keys)).app_key ?? null)
  }

  /** The next start of the site finds the key that opens what was restored. */
  #keepKey(data: DataFolder, appKey: string, isGiven: boolean) {
    if (!isGiven || !data.hasSiteKey) {
      data.keepSiteKey(appKey)
    }
  }

  async #runHere() {
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
        archivesFolder: this.archives === undefined ? null : resolve(this.archives),
        ownArchivesFolder: resolve(services.config.dataDir, 'log-archive'),
      }
      await (this.apply ? this.#restore(services, options) : this.#look(options))
    })
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
    const progress = new PartsProgress((what) =>
      what === 'objects' ? 'objects' : what === 'archives' ? 'events' : 'rows'
    )
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
