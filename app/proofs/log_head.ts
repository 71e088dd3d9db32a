import type pg from 'pg'
import type { ChainEnd } from '#event_store/stored_event'
import { CHAIN_START } from './chain_walk.ts'

/** Where the log says that it ends. */
export async function readHead(client: Pick<pg.ClientBase, 'query'>): Promise<ChainEnd> {
  const { rows } = await client.query<{ position: string; hash: Buffer }>(
    'select position, hash from log.head'
  )
  const row = rows[0]
  return row === undefined ? CHAIN_START : { position: Number(row.position), hash: row.hash }
}
