import type { EventStore, NewEvent } from './port.ts'

/**
 * The same store, which tells of the events that this process has appended as soon as they are durable; the append is over
 * when whoever is told is done.
 */
export function observeAppends(
  store: EventStore,
  listener: (events: readonly NewEvent[]) => void | Promise<void>
): EventStore {
  return {
    async append(request) {
      const outcome = await store.append(request)
      await listener(request.events)
      return outcome
    },
    findCommand: (command) => store.findCommand(command),
    findClaim: (scope, value) => store.findClaim(scope, value),
    readStream: (stream, options) => store.readStream(stream, options),
    readAll: (options) => store.readAll(options),
    readFacts: (options) => store.readFacts(options),
    readAt: (positions) => store.readAt(positions),
    readStored: (range) => store.readStored(range),
    head: () => store.head(),
    subscribe: (options, handler) => store.subscribe(options, handler),
    onAppended: (appended) => store.onAppended(appended),
    close: () => store.close(),
  }
}
