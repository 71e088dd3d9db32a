import { BaseCommand } from '@adonisjs/core/ace'
import { tellArchiveError } from '#event_store/archive_reader'
import { readHistory } from '#http/history'
import { transformHistory } from '#http/transformers/event_transformer'
import { parsePlaceInTime } from '#http/validators/event_validator'
import { findStreamOfKey } from '#read_models/event_queries'
import { CONSOLE_READER, eventLine, peopleBehind } from '#start/console_events'
import { withServices } from '#start/console_services'

const SHOWN = 1_000

export default class EventsStream extends BaseCommand {
  static override commandName = 'events:stream'
  static override description = 'Show what happened to a thing, and what that came to'
  static override options = { startApp: true }

  declare stream: string
  declare asOf?: string
  declare json: boolean

  static {
    this.defineArgument('stream', {
      type: 'string',
      description: 'Such as image-42, account-7 or site; or the key of an image',
    })
    this.defineFlag('asOf', {
      flagName: 'as-of',
      type: 'string',
      description: 'A position in the log, a date or an RFC 3339 time: as it was then',
    })
    this.defineFlag('json', { type: 'boolean', description: 'Print JSON' })
  }

  override async run() {
    const asOf = this.asOf === undefined ? null : parsePlaceInTime(this.asOf)
    if (this.asOf !== undefined && asOf === null) {
      this.logger.error(`"${this.asOf}" is not a position, a date or an RFC 3339 time`)
      this.exitCode = 1
      return
    }
    await withServices(async ({ eventStore }) => {
      const stream = (await findStreamOfKey(this.stream)) ?? this.stream
      const history = await readHistory(eventStore, stream, { asOf, before: null, size: SHOWN })
      if (history.version === 0) {
        this.logger.error(`There is nothing of ${stream}${asOf === null ? '' : ' at that time'}`)
        this.exitCode = 1
        return
      }
      const people = await peopleBehind(history.entries.map(({ event }) => event))
      const told = transformHistory(history, asOf, people, CONSOLE_READER)
      if (this.json) {
        console.log(JSON.stringify(told, null, 2))
        return
      }
      told.items.toReversed().forEach((event) => console.log(eventLine(event)))
      console.log(JSON.stringify(told.state, null, 2))
    })
  }

  override async completed() {
    return tellArchiveError(this)
  }
}
