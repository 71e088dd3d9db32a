import { setTimeout as delay } from 'node:timers/promises'
import type { ReadRevision } from '@eventstore/db-client'
import { EventStoreUnavailableError, InvalidEventError } from './errors.ts'
import {
  bounded,
  isAfter,
  loadClient,
  LogElsewhereError,
  revisionOf,
  within,
  type Client,
} from './eventstoredb_client.ts'
import {
  messagesOf,
  readMessage,
  type CopiedEvent,
  type MessageOptions,
  type OutgoingAppend,
  type Place,
} from './eventstoredb_envelope.ts'
import { actualVersion, failureType, isPassing } from './eventstoredb_failure.ts'

export interface EventStoreDbOptions {
  /** esdb://… or esdb+discover://… */
  url: string
  /** The first part of all stream names, so that others may use the same server. */
  namespace: string
  /** How long one try may take. */
  callMs?: number
  /** How long a call is tried before it is answered as unavailable. */
  patienceMs?: number
}

/** Events in their order, and up to where all was read. */
export interface CopiedPage {
  events: CopiedEvent[]
  through: Place
  /** Whether there may be more. */
  more: boolean
}

const CALL_MILLISECONDS = 4_000
const PATIENCE_MILLISECONDS = 8_000
const RETRY_MILLISECONDS = 50
/** More than the events of the largest append, so that a page holds at least one whole. */
const READ_COUNT = 12_000

/**
 * Talks to EventStoreDB: every call is bounded, and made again after a connection broke, a server was too slow or was not
 * the leader. Events carry their ids, so that an append that is sent again is written once.
 */
export class EventStoreDbConnection {
  readonly #prefix: string
  readonly #url: string
  readonly #callMs: number
  readonly #patienceMs: number
  #client: Promise<Client> | null = null

  constructor(options: EventStoreDbOptions) {
    this.#url = options.url
    this.#prefix = `${options.namespace}.`
    this.#callMs = options.callMs ?? CALL_MILLISECONDS
    this.#patienceMs = options.patienceMs ?? PATIENCE_MILLISECONDS
  }

  /**
   * Answers `null` when it was written, or the stream's version when that is not the expected one.
   *
   * @throws EventStoreUnavailableError when it is not known whether it was written
   */
  async append(append: OutgoingAppend, options: MessageOptions = {}): Promise<number | null> {
    const messages = messagesOf(append, options)
    let tries = 0
    try {
      return await this.#trying(async (client) => {
        tries += 1
        try {
          await client.appendToStream(this.#prefix + append.stream, messages, {
            expectedRevision: revisionOf(append.expectedVersion),
            requiresLeader: true,
            deadline: this.#callMs,
          })
          return null
        } catch (error) {
          const version = actualVersion(error)
          if (version === null) {
            throw error
          }
          return tries > 1 && (await this.#holds(client, append)) ? null : version
        }
      })
    } catch (error) {
      throw failureType(error) === 'maximum-append-size-exceeded'
        ? new InvalidEventError('The append is larger than EventStoreDB takes', { cause: error })
        : error
    }
  }

  /** A page of all our events after a place; it ends where an append ends, and holds at least `limit` if there are as many. */
  async readAfter(after: Place, limit: number): Promise<CopiedPage> {
    return this.#trying(async (client) => {
      const reading = client.readAll({
        fromPosition: after.commit < 0n ? 'start' : after,
        maxCount: READ_COUNT,
        requiresLeader: true,
      })
      const events: CopiedEvent[] = []
      let through = after
      let whole = 0
      let missing = 0
      let read = 0
      for await (const { event } of within(reading, this.#callMs)) {
        read += 1
        const place = event?.position
        if (event === undefined || place === undefined || !isAfter(place, after)) {
          continue
        }
        if (event.streamId.startsWith(this.#prefix)) {
          const copied = readMessage(event, event.streamId.slice(this.#prefix.length))
          events.push(copied)
          missing = (copied.append?.size ?? missing) - 1
        }
        if (missing <= 0) {
          whole = events.length
          through = place
          if (whole >= limit) {
            break
          }
        }
      }
      return { events: events.slice(0, whole), through, more: whole >= limit || read >= READ_COUNT }
    })
  }

  /** Calls back with the place of each of our events after a place, as they come; answers how to stop. */
  follow(after: () => Promise<Place>, arrived: (place: Place) => void): { close(): Promise<void> } {
    const stopping = new AbortController()
    const run = async () => {
      while (!stopping.signal.aborted) {
        try {
          const place = await after()
          const client = await this.#connect()
          if (stopping.signal.aborted) {
            break
          }
          const subscription = client.subscribeToAll({
            fromPosition: place.commit < 0n ? 'start' : place,
            filter: { filterOn: 'streamName', prefixes: [this.#prefix], checkpointInterval: 1 },
          })
          subscription.on('error', () => {})
          const stop = () => {
            subscription.destroy()
            void subscription.unsubscribe().catch(() => {})
          }
          stopping.signal.addEventListener('abort', stop, { once: true })
          for await (const { event } of subscription) {
            if (event?.position !== undefined) {
              arrived(event.position)
            }
          }
        } catch {
          // It is taken up again from where the copy stands.
        }
        await delay(RETRY_MILLISECONDS, null, { signal: stopping.signal }).catch(() => {})
      }
    }
    const ended = run()
    return {
      async close() {
        stopping.abort()
        await ended
      },
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => null)
    await client?.dispose()
  }

  /** Whether the stream has the append's first event: then it was written by a try whose answer was lost. */
  async #holds(client: Client, append: OutgoingAppend): Promise<boolean> {
    const id = append.events[0]?.id
    const { expectedVersion } = append
    const fromRevision: ReadRevision =
      typeof expectedVersion === 'number' ? BigInt(expectedVersion) : 'start'
    const reading = client.readStream(this.#prefix + append.stream, {
      fromRevision,
      requiresLeader: true,
    })
    for await (const { event } of within(reading, this.#callMs)) {
      if (event?.id === id) {
        return true
      }
    }
    return false
  }

  async #trying<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const deadline = Date.now() + this.#patienceMs
    for (;;) {
      try {
        return await bounded(this.#connect().then(work), this.#callMs * 2)
      } catch (error) {
        if (isOurs(error) || !isPassing(error)) {
          throw error
        }
        if (Date.now() > deadline) {
          throw new EventStoreUnavailableError('EventStoreDB cannot be reached', { cause: error })
        }
        await delay(RETRY_MILLISECONDS)
      }
    }
  }

  #connect(): Promise<Client> {
    this.#client ??= loadClient(this.#url)
    this.#client.catch(() => (this.#client = null))
    return this.#client
  }
}

/** Whether it says that something is wrong with the log or the site, rather than with the connection. */
function isOurs(error: unknown): boolean {
  return error instanceof InvalidEventError || error instanceof LogElsewhereError
}
