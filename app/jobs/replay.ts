import type pg from 'pg'
import type { EventStore } from '#event_store/port'
import { withPooledClient } from '#event_store/with_client'
import type { CommandContext } from '#handlers/command_context'
import type { Handlers } from '#handlers/index'
import { inTransaction } from '#projections/transaction'
import type { Reactor } from '#reactors/reactor'
import { insertOwed, type OwedReaction } from './ledger.ts'
import { reactionKey, type QueueName } from './queues.ts'

const PAGE = 1_000

export interface ReplayRange {
  queue: QueueName
  /** First and last position, both inclusive. */
  from: number
  to: number
}

interface ReplayPorts {
  eventStore: Pick<EventStore, 'readAll'>
  reactors: readonly Reactor[]
}

/** How many events in the range ask the queue for work, by their type. */
export async function countReactions(
  ports: ReplayPorts,
  range: ReplayRange
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for await (const page of reactionsIn(ports, range)) {
    for (const { type } of page) {
      counts.set(type, (counts.get(type) ?? 0) + 1)
    }
  }
  return counts
}

/**
 * Owes a queue the work of a range once more, on purpose. That it was done is recorded first; each piece has a key of its
 * own beside the first one's, so that the ledger keeps what came of that. Answers how many pieces are owed.
 */
export async function replayReactions(
  ports: ReplayPorts & { pool: pg.Pool; handlers: Pick<Handlers, 'maintenance'> },
  range: ReplayRange,
  context: CommandContext
): Promise<number> {
  const counts = await countReactions(ports, range)
  const reactions = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const { position } = await ports.handlers.maintenance.recordReplay(
    { queue: range.queue, from_position: range.from, to_position: range.to, reactions },
    context
  )
  await withPooledClient(ports.pool, (client) =>
    inTransaction(client, async () => {
      for await (const page of reactionsIn(ports, range)) {
        const owed = page.map(({ reaction }) => ({
          ...reaction,
          reactionKey: `${reaction.reactionKey}-replay-${position}`,
        }))
        if (owed.length > 0) {
          await insertOwed(client, owed)
        }
      }
    })
  )
  return reactions
}

/** What the range asks of the queue, a page of the log at a time. */
async function* reactionsIn(
  { eventStore, reactors }: ReplayPorts,
  { queue, from, to }: ReplayRange
): AsyncGenerator<Array<{ type: string; reaction: OwedReaction }>> {
  for (let after = from - 1; after < to;) {
    const events = await eventStore.readAll({ after, upTo: to, limit: PAGE })
    yield events.flatMap((event) =>
      reactors.flatMap((react) => {
        const reaction = react(event)
        return reaction?.queue === queue
          ? [
              {
                type: event.type,
                reaction: {
                  ...reaction,
                  reactionKey: reactionKey(queue, event.id),
                  eventId: event.id,
                  eventPosition: event.position,
                },
              },
            ]
          : []
      })
    )
    after = events.at(-1)?.position ?? to
  }
}
