import type pg from 'pg'
import { PostgresConnection } from '#event_store/postgres_connection'
import type { EventStore, RecordedEvent } from '#event_store/port'
import { projectionSession } from '#projections/session'
import { inTransaction } from '#projections/transaction'
import type { Reactor } from '#reactors/reactor'
import { BackgroundLoop } from './background_loop.ts'
import { insertOwed, type OwedReaction } from './ledger.ts'
import { reactionKey } from './queues.ts'

const PAGE = 1_000
/** Signals can be lost, and whoever relays can die: all look this often. */
const PAUSE_MILLISECONDS = 400

export interface RelayOptions {
  connectionString: string
  eventStore: EventStore
  reactors: readonly Reactor[]
  /** Told after work was written down. */
  owed: () => void
  warn: (message: string, error: unknown) => void
}

/**
 * Turns the log into owed work: ledger rows and the relay's checkpoint move in one transaction, guarded by a row lock.
 * Any number of processes may run it.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #connection: PostgresConnection
  readonly #loop: BackgroundLoop
  #stopListening: () => void = () => {}

  constructor(options: RelayOptions) {
    this.#options = options
    this.#connection = new PostgresConnection(projectionSession(options.connectionString))
    this.#loop = new BackgroundLoop({
      step: () => this.relayPage(),
      pauseMs: PAUSE_MILLISECONDS,
      failed: (error) => {
        options.warn('The relay waits for the database', error)
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
   * Relays one page; true when there may be more. The page is read and reacted to before the transaction, which is short
   * then: a process that gets little of the processor must not lose it for idling between two statements.
   */
  async relayPage(): Promise<boolean> {
    const { eventStore, owed } = this.#options
    const client = await this.#connection.client()
    const from = await freeCheckpoint(client)
    if (from === null) {
      return false
    }
    const page = await eventStore.readAll({ after: from, limit: PAGE })
    const last = page.at(-1)
    if (last === undefined) {
      return false
    }
    const reactions = this.#react(page)
    const isOurs = await inTransaction(client, async () => {
      if ((await freeCheckpoint(client)) !== from) {
        return false
      }
      if (reactions.length > 0) {
        await insertOwed(client, reactions)
      }
      await client.query('update run.relay_checkpoint set position = $1', [last.position])
      return true
    })
    if (isOurs && reactions.length > 0) {
      owed()
    }
    return page.length === PAGE || !isOurs
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

/** Locks the checkpoint, for as long as the transaction lasts if there is one; `null` while another process relays. */
async function freeCheckpoint(client: pg.ClientBase): Promise<number | null> {
  const { rows } = await client.query<{ position: string }>(
    'select position from run.relay_checkpoint for update skip locked'
  )
  return rows[0] === undefined ? null : Number(rows[0].position)
}
