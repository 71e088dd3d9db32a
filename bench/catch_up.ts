import { PostgresEventStore } from '../app/event_store/postgres_event_store.ts'
import { projections } from '../app/projections/registry.ts'
import { ProjectionRuntime } from '../app/projections/runtime.ts'
import { consumeAll, openEmmett } from './emmett.ts'
import { openPool, SITE_KEY, type Environment } from './environment.ts'
import { history, METADATA } from './events.ts'
import { figure, type Figure } from './report.ts'
import { interleave } from './rounds.ts'
import { untilProjected, writeHistory } from './written_log.ts'

const EVENTS = 200_000
/** The peer writes a checkpoint a message, so its rate shows on a shorter log as well. */
const PEER_EVENTS = 10_000
const SMOKE_EVENTS = 2_000
const PAGE = 1_000

/** Events a second into all read models, and into nothing, beside plain SQL and emmett's consumer. */
export async function catchUp(environment: Environment): Promise<Figure[]> {
  const { smoke, rounds } = environment
  const url = await environment.database('bench_catch_up')
  const store = new PostgresEventStore({ connectionString: url, siteKey: SITE_KEY })
  const pool = openPool(url, 4)
  const peerUrl = await environment.emptyDatabase('bench_catch_up_emmett')
  try {
    await writeHistory(store, smoke ? SMOKE_EVENTS : EVENTS)
    const peerEvents = await writePeers(peerUrl, smoke ? SMOKE_EVENTS : PEER_EVENTS)
    const { position: head } = await store.head()
    await pool.query('vacuum analyze log.events')

    const readSql = async () => {
      const startedAt = performance.now()
      let rows = 0
      for (let after = 0; after < head;) {
        const page = await pool.query({
          name: 'page',
          text: `select position, stream, version, id, type, schema_version, data::text, metadata::text, recorded_at
                 from log.events where position > $1 order by position limit $2`,
          values: [after, PAGE],
        })
        after = Number(page.rows.at(-1)?.position ?? head)
        rows += page.rows.length
      }
      return rows / ((performance.now() - startedAt) / 1000)
    }
    let consumers = 0
    const consume = () => {
      consumers += 1
      return consumeAll(peerUrl, peerEvents, `bench-${consumers}`)
    }
    const subscribed = async () => {
      const startedAt = performance.now()
      const { promise, resolve } = Promise.withResolvers<void>()
      const subscription = store.subscribe({ after: 0, batchSize: PAGE }, ({ through }) => {
        if (through >= head) {
          resolve()
        }
      })
      await promise
      const seconds = (performance.now() - startedAt) / 1000
      await subscription.close()
      return head / seconds
    }
    const projected = async () => {
      for (const { name } of projections) {
        await pool.query(`truncate read.${name}`)
      }
      await pool.query(`update run.checkpoints set position = 0`)
      const runtime = new ProjectionRuntime({
        connectionString: url,
        eventStore: store,
        projections,
        eager: true,
      })
      const startedAt = performance.now()
      runtime.start()
      await untilProjected(url, head)
      const seconds = (performance.now() - startedAt) / 1000
      await runtime.stop()
      return head / seconds
    }
    const count = `${head} events`
    return [
      figure(
        'catch-up',
        `${count} into ${projections.length} read models`,
        'events/s',
        await interleave({ ours: projected, limit: readSql, peer: consume }, rounds)
      ),
      figure(
        'catch-up',
        `${count}, no-op subscription`,
        'events/s',
        await interleave({ ours: subscribed, limit: readSql, peer: consume }, rounds)
      ),
    ]
  } finally {
    await store.close()
    await pool.end()
  }
}

/** Answers how many events there are. */
async function writePeers(url: string, events: number): Promise<number> {
  const emmett = await openEmmett(url)
  let written = 0
  for (const chapters of history()) {
    const batch = chapters.flatMap((chapter) => chapter.events)
    await emmett.appendToStream(
      `history-${written}`,
      batch.map((event) => ({ ...event, metadata: METADATA }))
    )
    written += batch.length
    if (written >= events) {
      break
    }
  }
  await emmett.close()
  return written
}
