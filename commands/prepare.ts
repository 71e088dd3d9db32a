import { randomUUID } from 'node:crypto'
import { BaseCommand } from '@adonisjs/core/ace'
import { tellArchiveError } from '#event_store/archive_reader'
import { tellLogElsewhere } from '#event_store/eventstoredb_client'
import { requireLogPlace } from '#event_store/log_place'
import { SYSTEM_ACTOR } from '#handlers/command_context'
import { catchUp } from '#projections/catch_up'
import { installProjections } from '#projections/install'
import { ProgressLine } from '#projections/progress_line'
import { projections } from '#projections/registry'
import { servicesConfig, withServices } from '#start/console_services'
import { ensureFirstAdmin } from '#start/first_admin'
import { whenNobodyPrepares } from '#start/preparation_lock'

export default class Prepare extends BaseCommand {
  static override commandName = 'prepare'
  static override description =
    'Migrate the database, make or rebuild read models of another version, and give a new site its first groups and administrator'
  static override options = { startApp: true }

  override async run() {
    await whenNobodyPrepares(
      servicesConfig().databaseUrl,
      () => this.logger.info('Another process prepares this database; waiting for it'),
      () => this.#prepare()
    )
  }

  async #prepare() {
    const migration = await this.kernel.exec('migration:run', ['--force'])
    if (migration.exitCode !== 0) {
      this.exitCode = migration.exitCode ?? 1
      return
    }
    await withServices(async (services) => {
      const { config, eventStore, handlers } = services
      await requireLogPlace({
        connectionString: config.databaseUrl,
        inEventStoreDb: config.eventStoreUrl !== undefined,
      })
      const line = new ProgressLine('read models')
      await installProjections({
        connectionString: config.databaseUrl,
        eventStore,
        projections,
        progress({ phase, position, head }) {
          if (phase === 'fill') {
            line.update(position, head)
          }
        },
      })
      line.end()
      const initialized = await handlers.site.initializeSite({
        actor: SYSTEM_ACTOR,
        correlationId: randomUUID(),
        causationId: null,
        ip: null,
        userAgent: null,
        source: 'setup',
      })
      const position = Math.max(initialized.position, await ensureFirstAdmin(services))
      if (position > 0) {
        await catchUp({ connectionString: config.databaseUrl, eventStore, projections }, position)
      }
    })
  }

  override async completed() {
    return tellLogElsewhere(this) || tellArchiveError(this)
  }
}
