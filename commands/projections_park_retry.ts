import { BaseCommand } from '@adonisjs/core/ace'
import { tellProjectionError } from '#projections/errors'
import { listParked, retryParked } from '#projections/parking'
import { selectProjections } from '#projections/selection'
import { withServices } from '#start/console_services'

export default class ProjectionsParkRetry extends BaseCommand {
  static override commandName = 'projections:park:retry'
  static override description = 'Fold parked events again, stream by stream, in their order'
  static override options = { startApp: true }

  declare names?: string[]

  static {
    this.defineArgument('names', {
      type: 'spread',
      required: false,
      description: 'Read models; all when none is named',
    })
  }

  override async run() {
    const selected = selectProjections(this.names)
    await withServices(async ({ config, eventStore, pool }) => {
      for (const { projection: name, partitionKey } of await listParked(pool)) {
        const projection = selected.find((one) => one.name === name)
        if (projection === undefined) {
          continue
        }
        const reason = await retryParked({
          connectionString: config.databaseUrl,
          eventStore,
          projection,
          partitionKey,
        })
        if (reason === null) {
          this.logger.success(`${name}: ${partitionKey} is free`)
        } else {
          this.exitCode = 1
          this.logger.error(`${name}: ${partitionKey} stays parked: ${reason}`)
        }
      }
    })
  }

  override async completed() {
    return tellProjectionError(this)
  }
}
