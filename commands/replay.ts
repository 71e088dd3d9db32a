import { BaseCommand } from '@adonisjs/core/ace'
import { asOfSchema, buildAsOf, dropAsOf, positionAt } from '#projections/as_of'
import { tellProjectionError } from '#projections/errors'
import { ProgressLine } from '#projections/progress_line'
import { selectProjections } from '#projections/selection'
import { withServices } from '#start/console_services'
import type { Services } from '#start/services'

export default class Replay extends BaseCommand {
  static override commandName = 'replay'
  static override description =
    'Build read models as they were at a position or moment, in a schema of their own'
  static override options = { startApp: true }

  declare names?: string[]
  declare asOf?: string
  declare drop: boolean

  static {
    this.defineArgument('names', {
      type: 'spread',
      required: false,
      description: 'Read models; all when none is named',
    })
    this.defineFlag('asOf', {
      type: 'string',
      description: 'A position, or a moment such as 2026-01-31T12:00:00Z',
    })
    this.defineFlag('drop', { type: 'boolean', description: 'Drop the schema instead' })
  }

  override async run() {
    const { asOf } = this
    if (asOf === undefined) {
      this.exitCode = 1
      this.logger.error('Say as of when: --as-of with a position or a moment')
      return
    }
    await withServices(async (services) => {
      const position = await positionAt(services.pool, services.eventStore, asOf)
      await (this.drop ? this.#drop(services, position) : this.#build(services, position))
    })
  }

  override async completed() {
    return tellProjectionError(this)
  }

  async #build({ config, eventStore }: Services, position: number) {
    const line = new ProgressLine('read models')
    const { schema, tables } = await buildAsOf({
      connectionString: config.databaseUrl,
      eventStore,
      projections: selectProjections(this.names),
      position,
      progress: (done) => line.update(done, position),
    })
    line.end()
    for (const { name, rows, refused } of tables) {
      this.logger.info(`${name}: ${rows} rows`)
      if (refused.length > 0) {
        this.exitCode = 1
        this.logger.warning(`${name}: ${refused.length} events could not be folded`)
      }
    }
    this.logger.success(`The read models as they were at position ${position} are in "${schema}"`)
    console.log(`  Drop them with: node ace.js replay --as-of ${position} --drop`)
  }

  async #drop({ pool }: Services, position: number) {
    if (await dropAsOf(pool, position)) {
      this.logger.success(`"${asOfSchema(position)}" is gone`)
      return
    }
    this.exitCode = 1
    this.logger.error(`There is no "${asOfSchema(position)}"`)
  }
}
