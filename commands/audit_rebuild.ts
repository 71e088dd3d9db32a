import { BaseCommand } from '@adonisjs/core/ace'
import { tellArchiveError } from '#event_store/archive_reader'
import { ProgressLine } from '#projections/progress_line'
import { withServices } from '#start/console_services'
import { rebuildAuditLog } from '#workers/audit_rebuild'

export default class AuditRebuild extends BaseCommand {
  static override commandName = 'audit:rebuild'
  static override description = 'Write the audit log anew from the event log, while it serves'
  static override options = { startApp: true }

  override async run() {
    const line = new ProgressLine('audit log')
    const written = await withServices(({ pool, eventStore }) =>
      rebuildAuditLog({
        pool,
        eventStore,
        progress: (position, head) => line.update(position, head),
      })
    )
    line.end()
    this.logger.success(`${written} entries were written`)
  }

  override async completed() {
    return tellArchiveError(this)
  }
}
