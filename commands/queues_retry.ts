import { BaseCommand } from '@adonisjs/core/ace'
import { JobLedger } from '#jobs/ledger'
import { QUEUES } from '#jobs/queues'
import { withServices } from '#start/console_services'

export default class QueuesRetry extends BaseCommand {
  static override commandName = 'queues:retry'
  static override description = 'Owe the work that was given up anew'
  static override options = { startApp: true }

  declare queue?: string

  static {
    this.defineArgument('queue', {
      type: 'string',
      required: false,
      description: 'A queue; all when none is named',
    })
  }

  override async run() {
    const queue = QUEUES.find((name) => name === this.queue) ?? null
    if (this.queue !== undefined && queue === null) {
      this.logger.error(`There is no queue "${this.queue}". There are: ${QUEUES.join(', ')}`)
      this.exitCode = 1
      return
    }
    const revived = await withServices(({ pool }) => new JobLedger(pool).reviveDead(queue))
    this.logger.success(`${revived} pieces of work are owed anew`)
  }
}
