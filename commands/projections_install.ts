import { BaseCommand } from '@adonisjs/core/ace'
import { installProjections } from '#projections/install'
import { ProgressLine } from '#projections/progress_line'
import { projections } from '#projections/registry'
import { withServices } from '#start/console_services'
import { SYSTEM_ACTOR } from '#handlers/command_context'
import { randomUUID } from 'node:crypto'

export default class ProjectionsInstall extends BaseCommand {
  static override commandName = 'projections:install'
  static override description =
    'Make the read models that are missing, rebuild those of an older version, and give a new site its first groups'
  static override options = { startApp: true }

  override async run() {
    await withServices(async ({ config, eventStore, handlers }) => {
      const lines = new Map<string, ProgressLine>()
      await installProjections({
        connectionString: config.databaseUrl,
        eventStore,
        projections,
        progress({ projection, phase, position, head }) {
          if (phase === 'fill') {
            const line = lines.get(projection) ?? new ProgressLine(projection)
            lines.set(projection, line)
            line.update(position, head)
          }
        },
      })
      lines.forEach((line) => line.end())
      await handlers.site.initializeSite({
        actor: SYSTEM_ACTOR,
        correlationId: randomUUID(),
        causationId: null,
        ip: null,
        userAgent: null,
        source: 'setup',
      })
    })
  }
}
