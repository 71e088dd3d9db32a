import { randomUUID } from 'node:crypto'
import { PostgresEventStore } from '../app/event_store/postgres_event_store.ts'
import { openEmmett } from './emmett.ts'
import { openPool, SITE_KEY, type Environment } from './environment.ts'
import { METADATA, uploadOf } from './events.ts'
import { figure, type Figure } from './report.ts'
import { interleave, rate } from './rounds.ts'

const CONCURRENCIES = [1, 8, 32, 128]
const EVENTS_A_CALL = 100
const CALLS_AT_A_TIME = 8
const COLUMNS = 7

/** A table like the log's, with the same indexes and no more. */
const BARE_TABLE = `create table bare (
  position bigserial primary key, stream text not null, version integer not null, id uuid not null unique,
  type text not null, schema_version smallint not null, data json not null, metadata json not null,
  recorded_at timestamptz not null default now(), unique (stream, version))`

const INTO_BARE =
  'insert into bare (stream, version, id, type, schema_version, data, metadata) values '

/** Appends a second: ours, a bare INSERT, and emmett. */
export async function append(environment: Environment): Promise<Figure[]> {
  const { smoke, rounds } = environment
  const milliseconds = smoke ? 100 : 1_500
  const url = await environment.database('bench_append')
  const store = new PostgresEventStore({ connectionString: url, siteKey: SITE_KEY })
  const pool = openPool(url, 10)
  await pool.query(BARE_TABLE)
  const emmett = await openEmmett(await environment.emptyDatabase('bench_append_emmett'))
  let next = 0
  const draw = () => (next += 1)

  const ours = (events: number) => () => {
    const id = draw()
    return store.append({
      stream: `image-${id}`,
      expectedVersion: 'none',
      events: Array.from({ length: events }, () => uploadOf(id)),
      metadata: METADATA,
    })
  }
  const metadata = JSON.stringify(METADATA)
  const bareOne = () => {
    const id = draw()
    return pool.query({
      name: 'bare',
      text: `${INTO_BARE} ($1, $2, $3, $4, $5, $6, $7)`,
      values: rowOf(id, 1, metadata),
    })
  }
  const places = Array.from(
    { length: EVENTS_A_CALL },
    (_, row) =>
      `(${Array.from({ length: COLUMNS }, (_unused, column) => `$${row * COLUMNS + column + 1}`).join(', ')})`
  ).join(', ')
  const bareMany = () => {
    const id = draw()
    const values = Array.from({ length: EVENTS_A_CALL }, (_, row) => rowOf(id, row + 1, metadata))
    return pool.query({ name: 'bare_many', text: INTO_BARE + places, values: values.flat() })
  }
  const peer = (events: number) => () => {
    const id = draw()
    return emmett.appendToStream(
      `image-${id}`,
      Array.from({ length: events }, () => ({ ...uploadOf(id), metadata: METADATA }))
    )
  }

  const figures: Figure[] = []
  try {
    for (const concurrency of CONCURRENCIES) {
      const medians = await interleave(
        {
          ours: () => rate(concurrency, milliseconds, ours(1)),
          limit: () => rate(concurrency, milliseconds, bareOne),
          peer: () => rate(concurrency, milliseconds, peer(1)),
        },
        rounds
      )
      figures.push(figure('append', `1 event, ${concurrency} at a time`, 'appends/s', medians))
    }
    const times = (measure: Promise<number>) => measure.then((calls) => calls * EVENTS_A_CALL)
    const medians = await interleave(
      {
        ours: () => times(rate(CALLS_AT_A_TIME, milliseconds, ours(EVENTS_A_CALL))),
        limit: () => times(rate(CALLS_AT_A_TIME, milliseconds, bareMany)),
        peer: () => times(rate(CALLS_AT_A_TIME, milliseconds, peer(EVENTS_A_CALL))),
      },
      rounds
    )
    figures.push(
      figure('append', `${EVENTS_A_CALL} events, ${CALLS_AT_A_TIME} at a time`, 'events/s', medians)
    )
  } finally {
    await emmett.close()
    await store.close()
    await pool.end()
  }
  return figures
}

function rowOf(id: number, version: number, metadata: string): unknown[] {
  const { type, data } = uploadOf(id)
  return [`image-${id}`, version, randomUUID(), type, 1, JSON.stringify(data), metadata]
}
