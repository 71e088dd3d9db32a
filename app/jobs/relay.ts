import type pg from 'pg'
import { PostgresConnection } from '#event_store/postgres_connection'
import type { EventStore, RecordedEvent } from '#event_store/port'
import { projectionSession } from '#projections/session'
import type { Reactor } from '#reactors/reactor'
import { BackgroundLoop } from './background_loop.ts'
import { relayOwed, type OwedReaction } from './ledger.ts'
import { reactionKey } from './queues.ts'

const PAGE = 1_000
/** Signals can be lost, and whoever relays can die: all look this often. */
const PAUSE_MILLISECONDS = 400
/** Nobody waits for a relay: what is appended within so long is relayed together. */
const GATHERING_MILLISECONDS = 20

export interface RelayOptions {
  connectionString: string
  eventStore: EventStore
  reactors: readonly Reactor[]
  /** Told after work was written down. */
  owed: () => void
  warn: (message: string, error: unknown) => void
}

/**
 * Turns the log into owed work: ledger rows and the relay's checkpoint move together, once for each page, whoever comes first.
 * Any number of processes may run it.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #connection: PostgresConnection
  readonly #loop: BackgroundLoop
  #stopListening: () => void = () => {}
  /** Where the checkpoint stands if it was this one that moved it last. */
  #position: number | null = null

  constructor(options: RelayOptions) {
    this.#options = options
    this.#connection = new PostgresConnection(projectionSession(options.connectionString))
    this.#loop = new BackgroundLoop({
      step: () => this.relayPage(),
      pauseMs: PAUSE_MILLISECONDS,
      gatherMs: GATHERING_MILLISECONDS,
      failed: (error) => {
        options.warn('The relay waits for the database', error)
        this.#position = null
        this.#connection.discard()
      },
    })
  }

  start(): void {
    this.#stopListening = this.#options.eventStore.onAppended(() => this.#loop.wake())
    this.#loop.start()
  }

  async stop(): Promise<void> {
    this.#stopListening()
    await this.#loop.stop()
    await this.#connection.close()
  }

  /**
   * Relays one page; true when there may be more. It is read and reacted to first, and written in one statement, whether
   * it is still this one's turn included: with many small pages the ways to the database are what a relay costs.
   */
  async relayPage(): Promise<boolean> {
    const { eventStore, owed } = this.#options
    const client = await this.#connection.client()
    const from = this.#position ?? (await readCheckpoint(client))
    this.#position = null
    const page = await eventStore.readAll({ after: from, limit: PAGE })
    const last = page.at(-1)
    if (last === undefined) {
      this.#position = from
      return false
    }
    const reactions = this.#react(page)
    if (!(await relayOwed(client, { from, to: last.position, reactions }))) {
      return true
    }
    this.#position = last.position
    if (reactions.length > 0) {
      owed()
    }
    return page.length === PAGE
  }

  #react(page: readonly RecordedEvent[]): OwedReaction[] {
    return page.flatMap((event) =>
      this.#options.reactors.flatMap((react): OwedReaction[] => {
        const reaction = react(event)
        return reaction === null
          ? []
          : [
              {
                ...reaction,
                reactionKey: reactionKey(reaction.queue, event.id),
                eventId: event.id,
                eventPosition: event.position,
              },
            ]
      })
    )
  }
}

async function readCheckpoint(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ position: string }>({
    name: 'relay_checkpoint',
    text: 'select position from run.relay_checkpoint',
  })
  return Number(rows[0]?.position ?? 0)
}
