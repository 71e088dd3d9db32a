import { BaseCommand } from '@adonisjs/core/ace'
import { ledgerStatus, queueDepths } from '#jobs/status'
import { withServices } from '#start/console_services'

export default class QueuesStatus extends BaseCommand {
  static override commandName = 'queues:status'
  static override description = 'Show what each queue owes and what Redis holds of it'
  static override options = { startApp: true }

  declare json: boolean

  static {
    this.defineFlag('json', { type: 'boolean', description: 'Print JSON' })
  }

  override async run() {
    const queues = await withServices(async ({ pool, redis }) => {
      const connection = redis()
      try {
        const [ledger, depths] = await Promise.all([ledgerStatus(pool), queueDepths(connection)])
        return ledger.map((status) => {
          const depth = depths.find(({ queue }) => queue === status.queue)
          const { waiting = 0, delayed = 0, active = 0 } = depth ?? {}
          return { ...status, inRedis: waiting + delayed + active }
        })
      } finally {
        connection.disconnect()
      }
    })
    if (this.json) {
      console.log(JSON.stringify(queues, null, 2))
      return
    }
    const table = this.ui.table()
    table.head(['Queue', 'Owed', 'Handed over', 'Dead', 'Oldest due', 'In Redis'])
    for (const { queue, owed, dispatched, dead, oldestSeconds, inRedis } of queues) {
      table.row([
        queue,
        String(owed),
        String(dispatched),
        String(dead),
        `${Math.round(oldestSeconds)} s`,
        String(inRedis),
      ])
    }
    table.render()
  }
}
