import { BaseCommand } from '@adonisjs/core/ace'
import { tellProjectionError } from '#projections/errors'
import { ProgressLine } from '#projections/progress_line'
import { selectProjections } from '#projections/selection'
import { verify } from '#projections/verify'
import { withServices } from '#start/console_services'

/** So many refused events are listed. */
const SHOWN = 10

export default class ProjectionsVerify extends BaseCommand {
  static override commandName = 'projections:verify'
  static override description =
    'Fold the log into scratch copies, in one reading, and compare every row'
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
    await withServices(async ({ config, eventStore }) => {
      const line = new ProgressLine('read models')
      const verified = await verify({
        connectionString: config.databaseUrl,
        eventStore,
        projections: selected,
        progress: (done, head) => line.update(done, head),
      })
      line.end()
      for (const { projection, position, difference, refused } of verified) {
        if (difference.count === 0 && refused.length === 0) {
          this.logger.success(`${projection}: every row follows from the log, to ${position}`)
          continue
        }
        this.exitCode = 1
        this.logger.error(
          `${projection}: ${difference.count} rows differ at ${position}, ${refused.length} events are refused`
        )
        refused
          .slice(0, SHOWN)
          .forEach((event) => console.log(`  event ${event.position}: ${event.error}`))
        difference.sample.forEach(({ table, row }) =>
          console.log(`  ${table} ${JSON.stringify(row)}`)
        )
      }
    })
  }

  override async completed() {
    return tellProjectionError(this)
  }
}
