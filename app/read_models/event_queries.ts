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

/** Positions of events, as many as there are up to a limit. */
export async function listEventPositions(
  filter: EventFilter,
  stretch: EventStretch,
  limit: number
): Promise<number[]> {
  const { type, stream, actorUserId, correlationId, recordedFrom, recordedTo } = filter
  const query = db
    .query<{ position: BigintColumn }>()
    .from('log.events')
    .select('position')
    .limit(limit)
  if ('after' in stretch) {
    const { after, upTo } = stretch
    query.where('position', '>', after).where('position', '<=', upTo).orderBy('position')
  } else {
    query.orderBy('position', 'desc')
    if (stretch.before !== null) {
      query.where('position', '<', stretch.before)
    }
  }
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
  if (recordedFrom !== undefined) {
    query.where('position', '>=', await firstPositionAt('>=', recordedFrom))
  }
  if (recordedTo !== undefined) {
    query.where('position', '<', await firstPositionAt('>', recordedTo))
  }
  return (await query).map(({ position }) => Number(position))
}

/** Looking for a piece of text is several times quicker than parsing each event's metadata, and leaves few to parse. */
function holding<Row>(query: DatabaseQueryBuilderContract<Row>, text: string): void {
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
       join log.events e on e.position = middle.position
       where high - low > 1
     )
     select high from halving order by high - low limit 1`,
    [moment, moment]
  )
  return Number(rows[0]?.high ?? 1)
}
