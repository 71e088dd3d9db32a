import type pg from 'pg'
import type { TestContext } from '@japa/runner/core'
import { streams } from '#domain/streams'
import type { EventStore, NewEvent, RecordedEvent } from '#event_store/port'
import { readCheckpoints } from '#projections/checkpoints'
import { installProjections } from '#projections/install'
import type { AnyProjection, Row } from '#projections/projection'
import { projections as allProjections } from '#projections/registry'
import { ProjectionRuntime, type ProjectionRuntimeOptions } from '#projections/runtime'
import { createTestDatabase } from '#tests/helpers/database'
import { openTestStore } from '#tests/helpers/event_store'
import { METADATA } from '#tests/helpers/events'
import { waitFor } from '#tests/helpers/wait_for'
import { openPool } from '#tests/helpers/pool'

export interface Stage {
  url: string
  pool: pg.Pool
  store: EventStore
  projections: readonly AnyProjection[]
  /** Appends events, each to the stream it belongs to; answers the last position. */
  append(...events: NewEvent[]): Promise<number>
  run(options?: Partial<ProjectionRuntimeOptions>): ProjectionRuntime
  /** Waits until the live copies of all projections, or of those named, stand at the position. */
  reached(position: number, names?: readonly string[], timeoutMs?: number): Promise<void>
  rows(table: string): Promise<Row[]>
}

/** A database with these projections installed, and a log; all of it goes when the test is over. */
export async function openStage(
  test: TestContext['test'],
  projections: readonly AnyProjection[] = allProjections
): Promise<Stage> {
  const database = await createTestDatabase()
  const pool = openPool(database.url, 4)
  const store = openTestStore(database.url)
  const runtimes: ProjectionRuntime[] = []
  test.cleanup(async () => {
    await Promise.all(runtimes.map((runtime) => runtime.stop()))
    await store.close()
    await pool.end()
    await database.drop()
  })
  await installProjections({ connectionString: database.url, eventStore: store, projections })

  return {
    url: database.url,
    pool,
    store,
    projections,
    append: (...events) => appendAll(store, events),
    run(options = {}) {
      const runtime = new ProjectionRuntime({
        connectionString: database.url,
        eventStore: store,
        projections,
        eager: true,
        ...options,
      })
      runtimes.push(runtime)
      runtime.start()
      return runtime
    },
    async reached(position, names = projections.map(({ name }) => name), timeoutMs = 10_000) {
      await waitFor(
        async () => {
          const positions = new Map(
            (await readCheckpoints(pool, 'live')).map((one) => [one.projection, one.position])
          )
          return names.every((name) => (positions.get(name) ?? -1) >= position)
        },
        { what: `${names.join(', ')} to reach ${position}`, timeoutMs }
      )
    },
    async rows(table) {
      const { rows } = await pool.query<{ row: Row }>(
        `select to_jsonb(t) as row from ${table} t order by t`
      )
      return rows.map(({ row }) => row)
    },
  }
}

export async function appendAll(store: EventStore, events: readonly NewEvent[]): Promise<number> {
  let position = 0
  for (const event of events) {
    const outcome = await store.append({
      stream: streamOf(event),
      expectedVersion: 'any',
      events: [event],
      metadata: METADATA,
    })
    position = outcome.lastPosition
  }
  return position
}

/** The stream that an event belongs to. */
export function streamOf({ type, data }: Pick<RecordedEvent, 'type' | 'data'>): string {
  const [category = ''] = type.split('.')
  const ids: Record<string, number> = {}
  for (const [name, value] of Object.entries(data)) {
    if (typeof value === 'number') {
      ids[name] = value
    }
  }
  switch (category) {
    case 'image':
      return streams.image(ids.image_id ?? 0)
    case 'image_import':
      return streams.imageImport(ids.import_id ?? 0)
    case 'share':
      return streams.share(ids.share_id ?? 0)
    case 'album':
      return streams.album(ids.album_id ?? 0)
    case 'account':
      return streams.account(ids.account_id ?? 0)
    case 'api_token':
      return streams.apiToken(ids.token_id ?? 0)
    case 'group':
      return streams.group(ids.group_id ?? 0)
    case 'strategy':
      return streams.strategy(ids.strategy_id ?? 0)
    default:
      return streams.site()
  }
}
