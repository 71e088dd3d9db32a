import type { Queries } from '#event_store/archive'
import type { PositionRange } from '#event_store/log_layout'

/** A partition of the log that lies in the database. */
export interface Partition extends PositionRange {
  /** On disk, indexes included. */
  bytes: number
  rows: number
}

/** A partition, and what keeps it from being put away; `null` when nothing does. */
export interface PlannedPartition extends Partition {
  reason: string | null
}

export interface ArchiveLimits {
  /** Only what ends at this position or before it. */
  through: number | null
  /** So many of the newest full partitions stay. */
  keep: number | null
}

interface PartitionRow {
  first_position: string
  last_position: string
  bytes: string
  rows: string
}

/** Partitions in order of position. Rows are dense: how many there are follows from the head. */
export async function listPartitions(queries: Queries): Promise<Partition[]> {
  const { rows } = await queries.query<PartitionRow>(
    `select p.first_position, p.last_position,
       pg_total_relation_size(format('log.%I', 'events_' || p.first_position)::regclass) as bytes,
       greatest(least(p.last_position, h.position) - p.first_position + 1, 0) as rows
     from log.partitions p cross join log.head h order by p.first_position`
  )
  return rows.map((row) => ({
    first: Number(row.first_position),
    last: Number(row.last_position),
    bytes: Number(row.bytes),
    rows: Number(row.rows),
  }))
}

/** How far everything has come that reads the log in order, by name. */
async function readMarks(queries: Queries): Promise<Array<{ name: string; position: number }>> {
  const { rows } = await queries.query<{ name: string; position: string }>(
    `select projection || case slot when 'live' then '' else ' (' || slot || ')' end as name, position
     from run.checkpoints where slot <> 'previous'
     union all select 'the work that events ask for', position from run.relay_checkpoint
     union all select 'the search by account and request', position from run.event_origins_end
     order by 2, 1`
  )
  return rows.map(({ name, position }) => ({ name, position: Number(position) }))
}

/**
 * What is to be put away: partitions from the oldest on that are full and within the limits, and that everything has read
 * that follows the log. Since archives are the beginning of the log, the first that has to stay keeps the later ones.
 */
export async function planArchive(
  queries: Queries,
  { through, keep }: ArchiveLimits
): Promise<PlannedPartition[]> {
  const partitions = (await listPartitions(queries)).filter(({ rows }) => rows > 0)
  const marks = await readMarks(queries)
  const full = partitions.filter(({ first, last, rows }) => rows === last - first + 1)
  const kept = new Set(
    keep === null || keep === 0 ? [] : full.slice(-keep).map(({ first }) => first)
  )
  let stays = false
  return partitions.map((partition) => {
    const behind = marks.find(({ position }) => position < partition.last)
    const reason = !full.includes(partition)
      ? 'it is not full yet'
      : through !== null && partition.last > through
        ? `it ends after ${through}`
        : kept.has(partition.first)
          ? 'it is one of those to keep'
          : behind !== undefined
            ? `${behind.name} has come to event ${behind.position} only`
            : stays
              ? 'one before it stays'
              : null
    stays ||= reason !== null
    return { ...partition, reason }
  })
}
