import { BaseCommand } from '@adonisjs/core/ace'
import { sweepOrphans, type SweptOrphans } from '#maintenance/orphan_sweep'
import {
  findOrphans,
  ORPHAN_AGE_MILLISECONDS,
  strategyIds,
  untilObjectsAreKnown,
  type Orphans,
} from '#maintenance/orphans'
import { withServices } from '#start/console_services'
import { PartsProgress, storesOf } from '#start/maintenance'

/** So many names of a strategy are listed. */
const SHOWN = 20

interface Outcome {
  orphans: Orphans
  swept: SweptOrphans | null
}

export default class MaintenanceSweepOrphans extends BaseCommand {
  static override commandName = 'maintenance:sweep-orphans'
  static override description =
    'Find objects in storage that belong to nothing; --apply takes them away'
  static override options = { startApp: true }

  declare apply: boolean
  declare strangers: boolean
  declare json: boolean

  static {
    this.defineFlag('apply', { type: 'boolean', description: 'Take them away; else look only' })
    this.defineFlag('strangers', {
      type: 'boolean',
      description:
        'Also those that the log has never heard of: the storage must be of this site alone',
    })
    this.defineFlag('json', { type: 'boolean', description: 'Print JSON' })
  }

  override async run() {
    const progress = new PartsProgress(() => 'objects')
    const outcomes = await withServices(async (services) => {
      const { pool, eventStore } = services
      const storeOf = storesOf(services)
      const olderThanMs = ORPHAN_AGE_MILLISECONDS
      const found: Outcome[] = []
      await untilObjectsAreKnown(services)
      for (const strategyId of await strategyIds(pool)) {
        const store = await storeOf(strategyId)
        const orphans = await findOrphans({
          pool,
          strategyId,
          store,
          olderThanMs,
          progress: (looked) => progress.update(`strategy ${strategyId}`, looked, looked),
        })
        const { strangers } = this
        const sweep = { pool, eventStore, store, orphans, olderThanMs, strangers }
        found.push({ orphans, swept: this.apply ? await sweepOrphans(sweep) : null })
      }
      return found
    })
    progress.end()
    if (this.json) {
      console.log(JSON.stringify(outcomes.map(jsonOf), null, 2))
    } else {
      outcomes.forEach((outcome) => this.#tell(outcome))
    }
  }

  #tell({ orphans, swept }: Outcome) {
    const { strategyId, looked, objects, more } = orphans
    const count = `${objects.length}${more === 0 ? '' : ' (and more)'}`
    const what = `strategy ${strategyId}: ${looked} objects looked at, ${count} belong to nothing`
    if (swept === null) {
      this.logger.info(`${what}; none was touched`)
      objects.slice(0, SHOWN).forEach(({ key, size }) => console.log(`  ${key} (${size} bytes)`))
    } else {
      const { removed, strangers, spared } = swept
      this.logger.success(
        `${what}; ${removed.length} were taken away, ${spared} spared, ${strangers.length} are not of this site`
      )
      strangers.slice(0, SHOWN).forEach(({ key, size }) => console.log(`  ${key} (${size} bytes)`))
    }
  }
}

function jsonOf({ orphans, swept }: Outcome) {
  const bytes = orphans.objects.reduce((sum, { size }) => sum + size, 0)
  return {
    strategy_id: orphans.strategyId,
    looked: orphans.looked,
    orphans: orphans.objects.length,
    more: orphans.more,
    bytes,
    names: orphans.objects.slice(0, SHOWN).map(({ key }) => key),
    swept: swept && {
      removed: swept.removed.length,
      spared: swept.spared,
      strangers: swept.strangers.map(({ key }) => key).slice(0, SHOWN),
    },
  }
}
