import { BaseCommand } from '@adonisjs/core/ace'
import { LogIndexes } from '#projections/log_indexes'
import { installProjections } from '#projections/install'
import { projections } from '#projections/registry'
import { ProjectionRuntime } from '#projections/runtime'
import { SERVING, withServices } from '#start/console_services'
import { logWhatNobodyCaught, processLog } from '#start/process_log'
import { untilAskedToStop } from '#supervisor/role_process'

export default class Projector extends BaseCommand {
  static override commandName = 'projector'
  static override description =
    'Keep the read models up to date; any number of processes may run it'
  static override options = { startApp: true }

  override async run() {
    const stop = untilAskedToStop()
    logWhatNobodyCaught()
    await withServices(async ({ config, eventStore }) => {
      const connectionString = config.databaseUrl
      const { tell, warn } = processLog('projector')
      await installProjections({ connectionString, eventStore, projections })
      const runtime = new ProjectionRuntime({
        connectionString,
        eventStore,
        projections,
        eager: true,
        warn,
      })
      const indexes = new LogIndexes({ connectionString, warn })
      runtime.start()
      indexes.start()
      tell('Projecting')
      await stop
      await Promise.all([runtime.stop(), indexes.stop()])
      tell('Done projecting')
    }, SERVING)
  }
}
