import { setTimeout as delay } from 'node:timers/promises'
import { budgetsOf, claimsOf } from '../app/domain/guards.ts'
import type { DomainEvent } from '../app/domain/catalogue.ts'
import type { EventStore } from '../app/event_store/port.ts'
import { openPool } from './environment.ts'
import { history, METADATA, type Chapter } from './events.ts'

const BLOCKS_AT_A_TIME = 10
const LOOK_MILLISECONDS = 20

/** Writes a site's history of at least so many events, with the claims and budgets that belong to them. */
export async function writeHistory(
  store: Pick<EventStore, 'append'>,
  events: number
): Promise<void> {
  const chapters = history()
  let written = 0
  while (written < events) {
    const batch: Chapter[] = []
    for (let block = 0; block < BLOCKS_AT_A_TIME; block++) {
      batch.push(...(chapters.next().value ?? []))
    }
    await Promise.all(batch.map((chapter) => append(store, chapter)))
    written += batch.reduce((sum, chapter) => sum + chapter.events.length, 0)
  }
}

function append(store: Pick<EventStore, 'append'>, chapter: Chapter) {
  const events: readonly DomainEvent[] = chapter.events
  return store.append({
    ...chapter,
    expectedVersion: 'any',
    metadata: METADATA,
    claims: events.flatMap(claimsOf),
    budgets: events.flatMap(budgetsOf).map((change) => ({ ...change, limit: null })),
  })
}

/** Resolves when every read model of a site stands at a position. */
export async function untilProjected(url: string, position: number): Promise<void> {
  const pool = openPool(url, 1)
  try {
    for (;;) {
      const { rows } = await pool.query<{ position: string }>(
        `select min(position) as position from run.checkpoints where slot = 'live'`
      )
      if (Number(rows[0]?.position) >= position) {
        return
      }
      await delay(LOOK_MILLISECONDS)
    }
  } finally {
    await pool.end()
  }
}
