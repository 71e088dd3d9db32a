import { BaseCommand } from '@adonisjs/core/ace'
import { LogElsewhereError, tellLogElsewhere } from '#event_store/eventstoredb_client'
import { EventStoreDbConnection } from '#event_store/eventstoredb_connection'
import { EventStoreDbEventStore } from '#event_store/eventstoredb_event_store'
import { NAMESPACE } from '#event_store/log_place'
import { ProgressLine } from '#projections/progress_line'
import { tellProofError } from '#proofs/errors'
import {
  bringToEventStoreDb,
  bringToPostgres,
  compareWithEventStoreDb,
  type TransferOptions,
} from '#proofs/eventstoredb_transfer'
import { withServices } from '#start/console_services'
import { codecOf } from '#start/proofs'
import type { Services } from '#start/services'

export default class EventsCopy extends BaseCommand {
  static override commandName = 'events:copy'
  static override description =
    'Move the log to EventStoreDB or back, compared event by event; EVENTSTORE_URL names the server; the site must not run'
  static override options = { startApp: true }

  declare to: string
  declare check: boolean

  static {
    this.defineFlag('to', { type: 'string', description: 'eventstoredb or postgres' })
    this.defineFlag('check', {
      type: 'boolean',
      description: 'Only compare EventStoreDB with its copy in PostgreSQL; the site may run',
    })
  }

  override async run() {
    if (!this.check && this.to !== 'eventstoredb' && this.to !== 'postgres') {
      this.logger.error('Say --to=eventstoredb, --to=postgres or --check')
      this.exitCode = 1
      return
    }
    await withServices((services) => this.#copy(services))
  }

  override async completed() {
    return tellProofError(this) || tellLogElsewhere(this)
  }

  async #copy(services: Services) {
    const { config, eventStore } = services
    if (config.eventStoreUrl === undefined || !(eventStore instanceof EventStoreDbEventStore)) {
      throw new LogElsewhereError('Set EVENTSTORE_URL: it names the server')
    }
    const connection = new EventStoreDbConnection({
      url: config.eventStoreUrl,
      namespace: NAMESPACE,
    })
    const line = new ProgressLine('events')
    const options: TransferOptions = {
      connectionString: config.databaseUrl,
      connection,
      codec: codecOf(services),
      archives: services.archives,
      namespace: NAMESPACE,
      catchUp: () => eventStore.catchUp(),
      progress: (done, total) => line.update(done, total),
    }
    try {
      const told = await this.#move(options)
      line.end()
      this.logger.success(told)
    } finally {
      await connection.close()
    }
  }

  async #move(options: TransferOptions): Promise<string> {
    if (this.check) {
      const position = await compareWithEventStoreDb(options)
      return `EventStoreDB and its copy have the same ${position} events`
    }
    if (this.to === 'postgres') {
      const position = await bringToPostgres(options)
      return `The log is in PostgreSQL, up to event ${position}: start the site without EVENTSTORE_URL`
    }
    const { written, position } = await bringToEventStoreDb(options)
    return `The log is in EventStoreDB, up to event ${position}; ${written} were written now`
  }
}
