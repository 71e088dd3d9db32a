import { BaseCommand } from '@adonisjs/core/ace'
import { tellProjectionError } from '#projections/errors'
import { ProgressLine } from '#projections/progress_line'
import type { RebuildResult } from '#projections/rebuild'
import { selectProjections } from '#projections/selection'
import { rollback } from '#projections/switch'
import { withServices } from '#start/console_services'
import { rebuildInThread } from '#start/rebuild_thread'
import { stepBack } from '#supervisor/step_back'

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
    // Those who read go first.
    stepBack('last')
    const selected = selectProjections(this.names)
    await withServices(async ({ config }) => {
      if (this.rollback) {
        for (const projection of selected) {
          await rollback({ connectionString: config.databaseUrl, projection })
          this.logger.success(`${projection.name}: the earlier copy serves again`)
        }
        return
      }
      const line = new ProgressLine('read models')
      await rebuildInThread(config, {
        projections: selected,
        gate: this.gate,
        dryRun: this.dryRun,
        progress({ phase, position, head }) {
          if (phase === 'fill') {
            line.update(position, head)
          } else {
            line.end()
          }
        },
        done: (result) => this.#tell(result),
      })
    })
  }

  override async completed() {
    return tellProjectionError(this)
  }

  #tell({ projection, events, position, difference, switched }: RebuildResult) {
    const rows = rowsThatDiffer(difference)
    const outcome = switched ? 'switched' : 'not switched'
    const sentence = `${projection}: ${events} events to position ${position}, ${rows}, ${outcome}`
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
