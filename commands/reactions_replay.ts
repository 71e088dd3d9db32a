import { randomUUID } from 'node:crypto'
import { BaseCommand } from '@adonisjs/core/ace'
import { tellArchiveError } from '#event_store/archive_reader'
import { SYSTEM_ACTOR } from '#handlers/command_context'
import { QUEUES } from '#jobs/queues'
import { countReactions, replayReactions, type ReplayRange } from '#jobs/replay'
import { reactors } from '#reactors/registry'
import { withServices } from '#start/console_services'
import type { Services } from '#start/services'

const POSITION = /^[1-9]\d{0,14}$/

export default class ReactionsReplay extends BaseCommand {
  static override commandName = 'reactions:replay'
  static override description =
    'Have a queue do the work of a stretch of the log once more, on purpose'
  static override options = { startApp: true }

  declare queue?: string
  declare from?: string
  declare to?: string
  declare dryRun: boolean
  declare yes: boolean

  static {
    this.defineFlag('queue', { type: 'string', description: 'The queue' })
    this.defineFlag('from', { type: 'string', description: 'First position; 1 unless told' })
    this.defineFlag('to', { type: 'string', description: 'Last position; the last unless told' })
    this.defineFlag('dryRun', { type: 'boolean', description: 'Count only' })
    this.defineFlag('yes', { type: 'boolean', description: 'Do not ask first' })
  }

  override async run() {
    await withServices(async (services) => {
      const range = await this.#range(services)
      if (range === null) {
        this.exitCode = 1
        return
      }
      const counts = await countReactions({ ...services, reactors }, range)
      this.#tell(range, counts)
      if (this.dryRun || counts.size === 0 || !(await this.#mayGoOn())) {
        return
      }
      const owed = await replayReactions({ ...services, reactors }, range, {
        actor: SYSTEM_ACTOR,
        correlationId: randomUUID(),
        causationId: null,
        ip: null,
        userAgent: null,
        source: 'console',
      })
      this.logger.success(`${owed} pieces of work are owed to "${range.queue}" once more`)
    })
  }

  override async completed() {
    return tellArchiveError(this)
  }

  /** `null` when it was said wrongly; the reason is told. */
  async #range({ eventStore }: Services): Promise<ReplayRange | null> {
    const queue = QUEUES.find((name) => name === this.queue)
    if (queue === undefined) {
      this.logger.error(`Name a queue with --queue. There are: ${QUEUES.join(', ')}`)
      return null
    }
    const { position: head } = await eventStore.head()
    const [from, to] = [this.from ?? '1', this.to ?? String(head)]
    if (!POSITION.test(from) || !POSITION.test(to) || Number(from) > Number(to)) {
      this.logger.error('--from and --to are positions, the first not behind the last')
      return null
    }
    return { queue, from: Number(from), to: Math.min(Number(to), head) }
  }

  #tell({ queue, from, to }: ReplayRange, counts: ReadonlyMap<string, number>) {
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    this.logger.info(`Positions ${from} to ${to} ask "${queue}" for ${total} pieces of work`)
    for (const [type, count] of counts) {
      console.log(`  ${type}: ${count}`)
    }
  }

  async #mayGoOn(): Promise<boolean> {
    if (this.yes) {
      return true
    }
    if (!process.stdin.isTTY) {
      this.exitCode = 1
      this.logger.error('Say --yes to have it done')
      return false
    }
    return this.prompt.confirm('Have all of it done once more?')
  }
}
