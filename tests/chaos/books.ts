import type { Assert } from '@japa/assert'
import { PostgresEventStore } from '#event_store/postgres_event_store'
import { projections } from '#projections/registry'
import { verify } from '#projections/verify'
import { readSoundLog } from '#tests/contract/event_store_contract'
import { waitFor } from '#tests/helpers/wait_for'
import type { Acknowledged } from './uploader.ts'
import { openPool } from '#tests/helpers/pool'

/** Checks what the log, the rows, the ledger and the audit log say of each other, once all work is done. */
export async function checkTheBooks(
  assert: Assert,
  site: { databaseUrl: string; siteKey: string; latestWarnings?(): string },
  pictures: readonly Acknowledged[]
): Promise<void> {
  const pool = openPool(site.databaseUrl, 10)
  const store = new PostgresEventStore({
    connectionString: site.databaseUrl,
    siteKey: site.siteKey,
  })
  try {
    const count = async (query: string) =>
      Number((await pool.query<{ count: string }>(query)).rows[0]?.count)
    // What was lost with a worker is handed over again after a minute, and that may be lost as well.
    await waitFor(
      async () =>
        (await count(
          `select count(*) from run.job_ledger where state in ('owed', 'dispatched')`
        )) === 0 &&
        (await count(
          `select count(*) from run.relay_checkpoint c, log.head h where c.position = h.position`
        )) === 1,
      { what: 'all work to be done', timeoutMs: 240_000, everyMs: 200 }
    ).catch(async (error: Error) => {
      const { rows } = await pool.query(
        `select l.queue, l.state, l.attempt, l.run_at, l.dispatched_at, l.last_error, now(),
           (select position from run.relay_checkpoint) as relayed
         from run.job_ledger l where state <> 'done' limit 10`
      )
      throw new Error(`${error.message}: ${JSON.stringify(rows)}\n${site.latestWarnings?.() ?? ''}`)
    })

    const events = await readSoundLog(assert, store)
    const uploads = events.filter(({ type }) => type === 'image.uploaded')
    const thumbnails = events.filter(({ type }) => type === 'image.thumbnail_generated')
    const ids = (some: typeof events) =>
      some.map(({ data }) => ('image_id' in data ? data.image_id : 0)).sort((a, b) => a - b)
    const answered = pictures.map(({ id }) => id).sort((a, b) => a - b)
    assert.deepEqual(ids(uploads), answered)
    assert.deepEqual(ids(thumbnails), answered)
    assert.equal(await count('select count(*) from read.images'), uploads.length)
    assert.equal(await count(`select count(*) from run.job_ledger where state = 'dead'`), 0)
    assert.equal(
      await count('select count(*) from read.audit_logs'),
      events.length - thumbnails.length
    )

    for (const { thumbnailUrl } of pictures) {
      const answer = await fetch(thumbnailUrl)
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('content-type'), 'image/webp')
      await answer.arrayBuffer()
    }
    const head = await store.head()
    await waitFor(
      async () =>
        (await count(
          `select count(*) from run.checkpoints where slot = 'live' and position >= ${head.position}`
        )) === projections.length,
      { what: 'the read models', timeoutMs: 30_000 }
    )
    const verified = await verify({
      connectionString: site.databaseUrl,
      eventStore: store,
      projections,
    })
    for (const { projection, difference } of verified) {
      assert.deepEqual({ [projection]: difference.count }, { [projection]: 0 })
    }
  } finally {
    await store.close()
    await pool.end()
  }
}
