import { createReadStream } from 'node:fs'
import { BaseCommand } from '@adonisjs/core/ace'
import { LogElsewhereError, tellLogElsewhere } from '#event_store/eventstoredb_client'
import { tellProofError } from '#proofs/errors'
import { importLog } from '#proofs/import_log'
import { textLines } from '#proofs/text_lines'
import { servicesConfig, withServices } from '#start/console_services'
import { codecOf } from '#start/proofs'

export default class EventsImport extends BaseCommand {
  static override commandName = 'events:import'
  static override description =
    'Bring exported events into a log that is empty or ends where they go on; the chain is checked'
  static override options = { startApp: true }

  declare file: string
  declare withoutKeys: boolean

  static {
    this.defineArgument('file', {
      type: 'string',
      description: 'What events:export has written; - for the standard input',
    })
    this.defineFlag('withoutKeys', {
      flagName: 'without-keys',
      type: 'boolean',
      description: 'Go on although the keys of people are missing: their data is then forgotten',
    })
  }

  override async run() {
    if (servicesConfig().eventStoreUrl !== undefined) {
      throw new LogElsewhereError(
        'Events are brought into PostgreSQL: do it without EVENTSTORE_URL, then use events:copy'
      )
    }
    const input = this.file === '-' ? process.stdin : createReadStream(this.file)
    const { written, skipped, position } = await withServices((services) =>
      importLog({
        connectionString: services.config.databaseUrl,
        codec: codecOf(services),
        lines: textLines(input),
        withoutKeys: this.withoutKeys,
      })
    )
    this.logger.success(
      `${written} events were brought in, ${skipped} were there already; the log ends at event ${position}`
    )
  }

  override async completed() {
    return tellProofError(this) || tellLogElsewhere(this)
  }
}
