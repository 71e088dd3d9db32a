import db from '@adonisjs/lucid/services/db'
import type { DatabaseQueryBuilderContract } from '@adonisjs/lucid/types/querybuilder'
import { containsPattern, type BigintColumn } from './columns.ts'

/** What the log is narrowed to. Moments are RFC 3339, both ends inclusive. */
export interface EventFilter {
  type?: string
  stream?: string
  actorUserId?: number
  correlationId?: string
  recordedFrom?: string
  recordedTo?: string
}

/** Newest first before a position, or from the end of the log; or oldest first within a stretch of it. */
export type EventStretch = { before: number | null } | { after: number; upTo: number }

type PositionQuery = DatabaseQueryBuilderContract<{ position: BigintColumn }>

/**
 * Positions of events, as many as there are up to a limit. Types, streams and times the log itself finds at once;
 * whoever acted and the request, what was taken from it into `run.event_origins`, and where that ends, a look at each
 * event.
 */
export async function listEventPositions(
  filter: EventFilter,
  stretch: EventStretch,
  limit: number
): Promise<number[]> {
  const bounds = await boundsOf(filter, stretch)
  const isForward = 'after' in stretch
  const page = (query: PositionQuery) =>
    within(query, bounds)
      .orderBy('position', isForward ? 'asc' : 'desc')
      .limit(limit)
  const isOfOrigin = filter.actorUserId !== undefined || filter.correlationId !== undefined
  const ofLog = narrowed(positionsIn(isOfOrigin ? 'log.events' : 'log.places'), filter)
  if (!isOfOrigin) {
    return numbers(await page(ofLog))
  }
  const taken = db.from('run.event_origins_end').select('position')
  const rest = page(ofLog.where('position', '>', taken))
  const known = page(withOrigin(positionsIn('run.event_origins'), filter))
  // One statement sees the end of what was taken and the rest as of one moment.
  const found = numbers(await known.unionAll(rest, true))
  return found.toSorted((one, other) => (isForward ? one - other : other - one)).slice(0, limit)
}

function positionsIn(table: string): PositionQuery {
  return db.query<{ position: BigintColumn }>().from(table).select('position')
}

function numbers(rows: Array<{ position: BigintColumn }>): number[] {
  return rows.map(({ position }) => Number(position))
}

/** The first and the last position that count, both inclusive; `null` where there is no bound. */
interface Bounds {
  first: number
  last: number | null
}

async function boundsOf(
  { recordedFrom, recordedTo }: EventFilter,
  stretch: EventStretch
): Promise<Bounds> {
  const first = recordedFrom === undefined ? 1 : await firstPositionAt('>=', recordedFrom)
  const lasts = recordedTo === undefined ? [] : [(await firstPositionAt('>', recordedTo)) - 1]
  if ('after' in stretch) {
    return { first: Math.max(first, stretch.after + 1), last: Math.min(stretch.upTo, ...lasts) }
  }
  lasts.push(...(stretch.before === null ? [] : [stretch.before - 1]))
  return { first, last: lasts.length === 0 ? null : Math.min(...lasts) }
}

function within(query: PositionQuery, { first, last }: Bounds): PositionQuery {
  query.where('position', '>=', first)
  return last === null ? query : query.where('position', '<=', last)
}

/** By what lies in the log. */
function narrowed(query: PositionQuery, filter: EventFilter): PositionQuery {
  const { type, stream, actorUserId, correlationId } = filter
  if (type !== undefined) {
    query.where('type', type)
  }
  if (stream !== undefined) {
    query.where('stream', stream)
  }
  if (actorUserId !== undefined) {
    holding(query, `"account_id":${actorUserId}`)
    query.whereRaw(`metadata -> 'actor' ->> 'account_id' = ?`, [String(actorUserId)])
  }
  if (correlationId !== undefined) {
    holding(query, `"correlation_id":${JSON.stringify(correlationId)}`)
    query.whereRaw(`metadata ->> 'correlation_id' = ?`, [correlationId])
  }
  return query
}

/** By what was taken from it; two requests whose hashes are the same are told apart in the log,
 * unless it was put away. */
function withOrigin(query: PositionQuery, filter: EventFilter): PositionQuery {
  const { type, stream, actorUserId, correlationId } = filter
  if (type !== undefined) {
    query.where('type', type)
  }
  if (stream !== undefined) {
    query.whereRaw('position in (select p.position from log.places p where p.stream = ?)', [stream])
  }
  if (actorUserId !== undefined) {
    query.where('account_id', actorUserId)
  }
  if (correlationId !== undefined) {
    query.whereRaw('request = hashtextextended(?, 0)', [correlationId])
    query.whereRaw(
      `(position <= log.archived() or exists (select 1 from log.events e
        where e.position = event_origins.position and e.metadata ->> 'correlation_id' = ?))`,
      [correlationId]
    )
  }
  return query
}

/** Looking for a piece of text is several times quicker than parsing each event's metadata, and leaves few to parse. */
function holding(query: PositionQuery, text: string): void {
  query.whereRaw('metadata::text like ?', [containsPattern(text)])
}

/** The stream of the image with this key, whatever became of it; `null` when no image ever had it. */
export async function findStreamOfKey(key: string): Promise<string | null> {
  const row: { stream: string } | null = await db
    .from('log.claims')
    .where({ scope: 'image_key', value: key })
    .select('stream')
    .first()
  return row?.stream ?? null
}

/**
 * The position of the first event recorded at or after a moment, or one past the end. Time never decreases along the log
 * and positions are dense, so that halving finds it in some twenty look-ups, without an index on time.
 */
async function firstPositionAt(comparison: '>=' | '>', moment: string): Promise<number> {
  const isReached = `e.recorded_at ${comparison} ?::timestamptz`
  const { rows }: { rows: Array<{ high: BigintColumn }> } = await db.rawQuery(
    `with recursive halving(low, high) as (
       select 0::bigint, (select position from log.head) + 1
       union all
       select case when ${isReached} then low else middle.position end,
         case when ${isReached} then middle.position else high end
       from halving
       cross join lateral (select (low + high) / 2 as position) as middle
       join log.places e on e.position = middle.position
       where high - low > 1
     )
     select high from halving order by high - low limit 1`,
    [moment, moment]
  )
  return Number(rows[0]?.high ?? 1)
}
