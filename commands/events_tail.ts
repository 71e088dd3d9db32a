import { BaseCommand } from '@adonisjs/core/ace'
import { tellArchiveError } from '#event_store/archive_reader'
import type { EventType } from '#domain/catalogue'
import type { RecordedEvent } from '#event_store/port'
import { eventLine, tellEvents } from '#start/console_events'
import { withServices } from '#start/console_services'

export default class EventsTail extends BaseCommand {
  static override commandName = 'events:tail'
  static override description = 'Show the newest events, and what comes, until it is interrupted'
  static override options = { startApp: true }

  declare lines: number
  declare type?: string[]
  declare follow: boolean
  declare json: boolean

  static {
    this.defineFlag('lines', {
      type: 'number',
      default: 10,
      description: 'How many of the newest events to begin with; those of other types count too',
    })
    this.defineFlag('type', { type: 'array', description: 'Only these types; may be repeated' })
    this.defineFlag('follow', {
      type: 'boolean',
      default: true,
      description: 'Wait for what comes (--no-follow to end)',
    })
    this.defineFlag('json', { type: 'boolean', description: 'Print a line of JSON an event' })
  }

  override async run() {
    await withServices(async ({ eventStore }) => {
      const { position: head } = await eventStore.head()
      const after = Math.max(0, head - this.lines)
      // A type that does not exist has no events.
      const types = this.type as EventType[] | undefined
      if (!this.follow) {
        await this.#print(await eventStore.readAll({ after, limit: this.lines, upTo: head, types }))
        return
      }
      const subscription = eventStore.subscribe({ after, types }, ({ events }) =>
        this.#print(events)
      )
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => void subscription.close())
      }
      await subscription.ended
    })
  }

  override async completed() {
    return tellArchiveError(this)
  }

  async #print(events: readonly RecordedEvent[]) {
    for (const event of await tellEvents(events)) {
      console.log(this.json ? JSON.stringify(event) : eventLine(event))
    }
  }
}
