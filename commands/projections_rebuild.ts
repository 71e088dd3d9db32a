import { BaseCommand } from '@adonisjs/core/ace'
import { tellProjectionError } from '#projections/errors'
import { ProgressLine } from '#projections/progress_line'
import { rebuild, type RebuildResult } from '#projections/rebuild'
import { selectProjections } from '#projections/selection'
import { rollback } from '#projections/switch'
import { withServices } from '#start/console_services'

export default class ProjectionsRebuild extends BaseCommand {
  static override commandName = 'projections:rebuild'
  static override description =
    'Build read models anew beside those that serve, compare, and switch'
  static override options = { startApp: true }

  declare names?: string[]
  declare gate: boolean
  declare dryRun: boolean
  declare rollback: boolean

  static {
    this.defineArgument('names', {
      type: 'spread',
      required: false,
      description: 'Read models; all when none is named',
    })
    this.defineFlag('gate', { type: 'boolean', description: 'Do not switch when rows differ' })
    this.defineFlag('dryRun', { type: 'boolean', description: 'Compare only' })
    this.defineFlag('rollback', {
      type: 'boolean',
      description: 'Put the copy from before the last switch back in place',
    })
  }

  override async run() {
    const selected = selectProjections(this.names)
    await withServices(async ({ config, eventStore }) => {
      const connectionString = config.databaseUrl
      for (const projection of selected) {
        if (this.rollback) {
          await rollback({ connectionString, projection })
          this.logger.success(`${projection.name}: the earlier copy serves again`)
          continue
        }
        const line = new ProgressLine(projection.name)
        const result = await rebuild({
          connectionString,
          eventStore,
          projection,
          gate: this.gate,
          dryRun: this.dryRun,
          progress: ({ phase, position, head }) => phase === 'fill' && line.update(position, head),
        })
        line.end()
        this.#tell(projection.name, result)
      }
    })
  }

  override async completed() {
    return tellProjectionError(this)
  }

  #tell(name: string, { events, position, difference, switched }: RebuildResult) {
    const rows = rowsThatDiffer(difference)
    const outcome = switched ? 'switched' : 'not switched'
    const sentence = `${name}: ${events} events to position ${position}, ${rows}, ${outcome}`
    if (difference === null || difference.count === 0) {
      this.logger.success(sentence)
      return
    }
    this.logger.warning(sentence)
    difference.sample.forEach(({ table, row }) => console.log(`  ${table} ${JSON.stringify(row)}`))
    if (!switched) {
      this.exitCode = 1
    }
  }
}

function rowsThatDiffer(difference: RebuildResult['difference']): string {
  if (difference === null) {
    return 'another version served until now'
  }
  return difference.count === 0 ? 'no row differs' : `${difference.count} rows differ`
}
