import { BaseCommand } from '@adonisjs/core/ace'
import { tellArchiveError } from '#event_store/archive_reader'
import { readHistory } from '#http/history'
import { transformHistory } from '#http/transformers/event_transformer'
import { CONSOLE_READER, peopleBehind } from '#start/console_events'
import { withServices } from '#start/console_services'

export default class EventsShow extends BaseCommand {
  static override commandName = 'events:show'
  static override description = 'Show all of one event: who, when, from where, what it changed'
  static override options = { startApp: true }

  declare position: string

  static {
    this.defineArgument('position', { type: 'string', description: 'Its position in the log' })
  }

  override async run() {
    const position = Number(this.position)
    await withServices(async ({ eventStore }) => {
      const [event] = Number.isSafeInteger(position) ? await eventStore.readAt([position]) : []
      if (event === undefined) {
        this.logger.error(`There is no event ${this.position}`)
        this.exitCode = 1
        return
      }
      const history = await readHistory(eventStore, event.stream, {
        asOf: position,
        before: null,
        size: 1,
      })
      const { items } = transformHistory(history, null, await peopleBehind([event]), CONSOLE_READER)
      console.log(JSON.stringify(items[0], null, 2))
    })
  }

  override async completed() {
    return tellArchiveError(this)
  }
}
