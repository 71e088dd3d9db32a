import { BaseCommand } from '@adonisjs/core/ace'
import { JobLedger } from '#jobs/ledger'
import { withServices } from '#start/console_services'

export default class QueuesReconcile extends BaseCommand {
  static override commandName = 'queues:reconcile'
  static override description =
    'Owe all work anew that was handed over and is not settled; doing it twice has no second effect'
  static override options = { startApp: true }

  override async run() {
    const reclaimed = await withServices(({ pool }) => new JobLedger(pool).reclaimAll(new Date()))
    this.logger.success(`${reclaimed} pieces of work will be handed over again`)
  }
}
