import { sqlState } from '#event_store/postgres_failure'
import { withClient } from '#event_store/with_client'
import type { EventStore } from '#event_store/port'
import { ProjectionError } from './errors.ts'
import { fillTables } from './fill.ts'
import type { Parked } from './fold.ts'
import { PageReader } from './page_reader.ts'
import type { AnyProjection } from './projection.ts'
import { copySession } from './session.ts'
import { ReadModelTable, type Client } from './table.ts'
import { inTransaction } from './transaction.ts'

const DUPLICATE_SCHEMA = '42P06'
const POSITION = /^[1-9]\d{0,14}$/
/** A moment with its zone: what a clock on the wall shows says nothing without one. */
const MOMENT = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/

export interface AsOfOptions {
  connectionString: string
  eventStore: EventStore
  projections: readonly AnyProjection[]
  position: number
  progress?: (position: number) => void
}

export interface AsOfResult {
  schema: string
  tables: Array<{ name: string; rows: number; refused: Parked[] }>
}

/** Where the read models lie as they were at a position. */
export function asOfSchema(position: number): string {
  return `read_at_${position}`
}

/**
 * The position that a text means: a position itself, or the last one at a moment (a date stands for its beginning, UTC).
 *
 * @throws ProjectionError E_MOMENT_UNKNOWN
 */
export async function positionAt(
  client: Client,
  eventStore: Pick<EventStore, 'head'>,
  text: string
): Promise<number> {
  const { position: head } = await eventStore.head()
  if (POSITION.test(text)) {
    const position = Number(text)
    if (position > head) {
      throw new ProjectionError('E_MOMENT_UNKNOWN', `The log ends at position ${head}`)
    }
    return position
  }
  const moment = MOMENT.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(moment)) {
    throw new ProjectionError(
      'E_MOMENT_UNKNOWN',
      `"${text}" is neither a position nor a moment such as 2026-01-31T12:00:00Z`
    )
  }
  const { rows } = await client.query<{ position: string }>(
    'select position from log.places where recorded_at <= $1 order by position desc limit 1',
    [new Date(moment)]
  )
  const [row] = rows
  if (row === undefined) {
    throw new ProjectionError('E_MOMENT_UNKNOWN', `Nothing had happened by ${text}`)
  }
  return Number(row.position)
}

/**
 * Builds read models as they were at a position, in a schema of their own that nothing else uses. What has been
 * forgotten since is not in them.
 *
 * @throws ProjectionError E_REPLAY_EXISTS
 */
export async function buildAsOf(options: AsOfOptions): Promise<AsOfResult> {
  const schema = asOfSchema(options.position)
  return withClient(copySession(options.connectionString), async (client) => {
    return await inTransaction(client, async () => {
      await createSchema(client, schema)
      const { projections, position, progress } = options
      for (const projection of projections) {
        await new ReadModelTable(projection, { schema }).create(client)
      }
      const { parked } = await fillTables({
        client,
        pages: new PageReader(options.eventStore),
        projections,
        place: { schema },
        upTo: position,
        progress,
      })
      const tables = []
      for (const projection of projections) {
        const { name, rows } = await finish(client, new ReadModelTable(projection, { schema }))
        tables.push({ name, rows, refused: parked.get(projection.name) ?? [] })
      }
      return { schema, tables }
    })
  })
}

/** Answers whether it was there. */
export async function dropAsOf(client: Client, position: number): Promise<boolean> {
  const schema = asOfSchema(position)
  const { rowCount } = await client.query('select 1 from pg_namespace where nspname = $1', [schema])
  await client.query(`drop schema if exists ${schema} cascade`)
  return rowCount === 1
}

/** Drops all of them: they hold what people were called then. */
export async function dropAllAsOf(client: Client): Promise<void> {
  const { rows } = await client.query<{ nspname: string }>(
    `select nspname from pg_namespace where nspname ~ '^read_at_[0-9]+$'`
  )
  for (const { nspname: schema } of rows) {
    await client.query(`drop schema if exists ${schema} cascade`)
  }
}

async function createSchema(client: Client, schema: string): Promise<void> {
  try {
    await client.query(`create schema ${schema}`)
  } catch (error) {
    if (sqlState(error) === DUPLICATE_SCHEMA) {
      throw new ProjectionError('E_REPLAY_EXISTS', `The schema "${schema}" is there already`, {
        cause: error,
      })
    }
    throw error
  }
}

async function finish(client: Client, table: ReadModelTable) {
  await table.createIndexes(client)
  await table.analyze(client)
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${table.name}`)
  return { name: table.name, rows: Number(rows[0]?.count ?? 0) }
}
