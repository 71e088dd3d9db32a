import db from '@adonisjs/lucid/services/db'
import type { BigintColumn } from './columns.ts'
import type { DeadWorkView, ParkedStreamView, RebuildProgressView } from './views.ts'

interface ParkedRow {
  projection: string
  partition_key: string
  position: BigintColumn
  error: string | null
  waiting: BigintColumn
  attempts: number
  parked_at: Date
}

interface DeadRow {
  reaction_key: string
  queue: string
  event_id: string
  event_position: BigintColumn
  payload: Record<string, number | string>
  attempt: number
  last_error: string | null
  died_at: string
}

interface ProgressRow {
  projection: string
  phase: RebuildProgressView['phase']
  position: BigintColumn
  head: BigintColumn
  started_at: Date
  updated_at: Date
}

/** Streams that a read model has parked, the oldest event first, after the one that the last page ended with. */
export async function listParkedStreams(
  after: { position: number; projection: string } | null,
  limit: number
): Promise<ParkedStreamView[]> {
  const { rows }: { rows: ParkedRow[] } = await db.rawQuery(
    `select * from (
       select distinct on (projection, partition_key) projection, partition_key, position, error, parked_at,
         attempts, count(*) over (partition by projection, partition_key) as waiting
       from run.parked_events where slot = 'live'
       order by projection, partition_key, position) as p
     where (position, projection) > (?, ?) order by position, projection limit ?`,
    [after?.position ?? 0, after?.projection ?? '', limit]
  )
  return rows.map((row) => ({
    projection: row.projection,
    stream: row.partition_key,
    position: Number(row.position),
    error: row.error,
    waiting: Number(row.waiting),
    attempts: row.attempts,
    parkedAt: row.parked_at.toISOString(),
  }))
}

/** Work that was given up, the last first, after the piece that the last page ended with. */
export async function listDeadWork(
  queue: string | null,
  after: { diedAt: string; id: string } | null,
  limit: number
): Promise<DeadWorkView[]> {
  const { rows }: { rows: DeadRow[] } = await db.rawQuery(
    `select reaction_key, queue, event_id, event_position, payload, attempt, last_error,
       to_char(settled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as died_at
     from run.job_ledger
     where state = 'dead' and (?::text is null or queue = ?)
       and (settled_at, reaction_key) < (coalesce(?::timestamptz, 'infinity'), ?)
     order by settled_at desc, reaction_key desc limit ?`,
    [queue, queue, after?.diedAt ?? null, after?.id ?? '', limit]
  )
  return rows.map((row) => ({
    id: row.reaction_key,
    queue: row.queue,
    eventId: row.event_id,
    eventPosition: Number(row.event_position),
    payload: row.payload,
    tries: row.attempt,
    error: row.last_error,
    diedAt: row.died_at,
  }))
}

/** Whether this piece of work of a queue was given up. */
export async function isDeadWork(queue: string, id: string): Promise<boolean> {
  const row: unknown = await db
    .from('run.job_ledger')
    .where({ reaction_key: id, queue, state: 'dead' })
    .first()
  return row !== null
}

/** The rebuilds under way that an administrator has asked for, by read model. */
export async function rebuildProgress(): Promise<ReadonlyMap<string, RebuildProgressView>> {
  const rows: ProgressRow[] = await db.from('run.rebuild_progress')
  return new Map(
    rows.map((row) => [
      row.projection,
      {
        phase: row.phase,
        position: Number(row.position),
        head: Number(row.head),
        startedAt: row.started_at.toISOString(),
        updatedAt: row.updated_at.toISOString(),
      },
    ])
  )
}
