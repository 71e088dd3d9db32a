import pg from 'pg'
import { EventCodec } from '../app/event_store/event_codec.ts'
import { PostgresEventStore } from '../app/event_store/postgres_event_store.ts'
import { readLines } from '../app/proofs/stored_lines.ts'
import { verifyLog } from '../app/proofs/verify_log.ts'
import { SITE_KEY, type Environment } from './environment.ts'
import { figure, type Figure } from './report.ts'
import { interleave } from './rounds.ts'
import { writeHistory } from './written_log.ts'

const EVENTS = 500_000
const SMOKE_EVENTS = 5_000

/** Events a second through the whole check of a log, beside reading them and doing nothing. */
export async function verify(environment: Environment): Promise<Figure[]> {
  const { smoke, rounds } = environment
  const url = await environment.database('bench_verify')
  const store = new PostgresEventStore({ connectionString: url, siteKey: SITE_KEY })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await writeHistory(store, smoke ? SMOKE_EVENTS : EVENTS)
    await client.query('vacuum analyze log.events')
    const { position: events } = await store.head()

    const checked = async () => {
      const codec = new EventCodec(store.keyRing, SITE_KEY)
      const report = await verifyLog({ connectionString: url, codec })
      if (!report.sound || !report.guardsChecked) {
        throw new Error(`The log is not sound: ${report.faults[0]?.message}`)
      }
      return events / report.seconds
    }
    const read = async () => {
      const startedAt = performance.now()
      let bytes = 0
      for await (const lines of readLines(client, { after: null, upTo: null })) {
        lines.forEach(({ line }) => (bytes += line.length))
      }
      return bytes === 0 ? 0 : events / ((performance.now() - startedAt) / 1000)
    }
    const medians = await interleave({ ours: checked, limit: read }, rounds)
    return [figure('verify', `${events} events, claims and budgets too`, 'events/s', medians)]
  } finally {
    await client.end()
    await store.close()
  }
}
