import { createWriteStream, existsSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { BaseCommand } from '@adonisjs/core/ace'
import { ProgressLine } from '#projections/progress_line'
import { CHAIN_START } from '#proofs/chain_walk'
import { tellProofError } from '#proofs/errors'
import { exportLog, resumeExport } from '#proofs/export_log'
import { withServices } from '#start/console_services'

export default class EventsExport extends BaseCommand {
  static override commandName = 'events:export'
  static override description =
    'Write the log as lines of JSON, what is sealed stays sealed; a file that is there is continued'
  static override options = { startApp: true }

  declare output?: string

  static {
    this.defineFlag('output', {
      type: 'string',
      description: 'The file to write or to continue; printed when none is named',
    })
  }

  override async run() {
    const line = new ProgressLine('export')
    const file = this.output
    await withServices(async ({ config, archives }) => {
      const after = file !== undefined && existsSync(file) ? await resumeExport(file) : CHAIN_START
      const output = file === undefined ? process.stdout : createWriteStream(file, { flags: 'a' })
      const written = await exportLog({
        connectionString: config.databaseUrl,
        after,
        archives,
        output,
        progress: (done, total) => line.update(done, total),
      })
      line.end()
      if (file !== undefined) {
        output.end()
        await finished(output)
        this.logger.success(
          `${written} events were added to ${file}, after event ${after.position}`
        )
      }
    })
  }

  override async completed() {
    return tellProofError(this)
  }
}
