import type { Assert } from '@japa/assert'
import pg from 'pg'
import type { AlbumJson, ApiClient } from '#tests/helpers/api'
import { waitFor } from '#tests/helpers/wait_for'
import { SITE_PARTS, type Cluster } from './cluster.ts'
import { heal, inflict, type Fault } from './faults.ts'
import type { ClusterSite } from './site.ts'

/** What is promised on a machine that has time. */
const TAKEOVER_MILLISECONDS = 2_000
/** A busy machine may need some tries for it. */
const TRIES = 5
const LATEST_MILLISECONDS = 20_000

interface Blocked {
  pid: number
  application_name: string
}

async function createAlbum(client: ApiClient, name: string): Promise<number> {
  const { data } = await client.post<AlbumJson>('/api/v1/albums', { json: { name } })
  return data.id
}

async function withDatabase(cluster: Cluster, work: (client: pg.Client) => Promise<void>) {
  const client = new pg.Client({ connectionString: cluster.databaseUrl })
  client.on('error', () => {})
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

async function hasRow(client: pg.Client, albumId: number): Promise<boolean> {
  const { rowCount } = await client.query('select 1 from read.albums where album_id = $1', [
    albumId,
  ])
  return rowCount === 1
}

async function untilProjected(client: pg.Client, albumId: number): Promise<number> {
  const startedAt = performance.now()
  await waitFor(() => hasRow(client, albumId), {
    what: 'a read model that another process goes on with',
    timeoutMs: LATEST_MILLISECONDS,
  })
  return performance.now() - startedAt
}

/** Kills a projector, writes, and sees how long the read model takes. */
export async function checkTakeover(
  assert: Assert,
  cluster: Cluster,
  { byToken }: ClusterSite
): Promise<void> {
  await withDatabase(cluster, async (client) => {
    let shortest = Number.POSITIVE_INFINITY
    for (let number = 0; number < TRIES && shortest > TAKEOVER_MILLISECONDS; number += 1) {
      const part = number % 2 === 0 ? 'projector-1' : 'projector-2'
      await cluster.process(part).kill()
      const albumId = await createAlbum(byToken, `Taken over ${number}`)
      shortest = Math.min(shortest, await untilProjected(client, albumId))
      await cluster.startPart(part)
    }
    assert.isAtMost(shortest, TAKEOVER_MILLISECONDS)
  })
}

/**
 * Holds a read model's table, so that who projects stops in the middle of a transaction, and lets it come to harm
 * there: PostgreSQL takes the transaction back, another process does the work, and nothing is left of the first one.
 */
export async function checkFencing(
  assert: Assert,
  cluster: Cluster,
  { byToken }: ClusterSite,
  fault: Fault
): Promise<void> {
  await withDatabase(cluster, async (client) => {
    const holdsUp = new pg.Client({ connectionString: cluster.databaseUrl })
    holdsUp.on('error', () => {})
    await holdsUp.connect()
    await holdsUp.query('begin')
    await holdsUp.query('lock table read.albums in share mode')
    // It is answered from the event when the read model does not come.
    const making = createAlbum(byToken, `In the middle: ${fault}`)
    const { pid, application_name: name } = await waitFor(
      async () => {
        const { rows } = await client.query<Blocked>(
          `select pid, application_name from pg_stat_activity
           where wait_event_type = 'Lock' and pid <> pg_backend_pid()`
        )
        return rows[0]
      },
      { what: 'a process that is held up' }
    )
    const part = SITE_PARTS.find((one) => one === name)
    if (part === undefined) {
      throw new Error(`"${name}" is no part of the site`)
    }
    await inflict(cluster, { part, fault })
    await holdsUp.query('rollback')
    await holdsUp.end()

    const albumId = await making
    await untilProjected(client, albumId)
    const { rowCount } = await client.query('select 1 from pg_stat_activity where pid = $1', [pid])
    assert.equal(rowCount, 0, `the session of ${name} is at an end`)

    await heal(cluster, { part, fault })
    await untilProjected(client, await createAlbum(byToken, 'Afterwards'))
    const { rows } = await client.query<{ rows: number }>(
      'select count(*)::int as rows from read.albums where album_id = $1',
      [albumId]
    )
    assert.equal(rows[0]?.rows, 1)
  })
}
