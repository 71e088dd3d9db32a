import type pg from 'pg'
import { sqlState } from './postgres_failure.ts'

/** What `log.make_room` raises when an append has no partition to go into. */
const NO_ROOM = 'PF001'
/** PostgreSQL's own answer: the partition was attached so lately that the session has not heard of it. */
const NO_PARTITION_FOUND = '23514'

const ADD_ROOM =
  'select log.add_room(h.position + $1) from (select position from log.head for update) as h'

/** Whether an append failed, as a whole, because events had no partition to go into. */
export function hadNoRoom(error: unknown): boolean {
  const state = sqlState(error)
  return (
    state === NO_ROOM ||
    (state === NO_PARTITION_FOUND &&
      error instanceof Error &&
      'schema' in error &&
      error.schema === 'log' &&
      'table' in error &&
      error.table === 'events')
  )
}

/** Makes room for so many events more, in a transaction of its own. */
export async function addRoom(client: Pick<pg.ClientBase, 'query'>, events: number): Promise<void> {
  await client.query(ADD_ROOM, [events])
}
