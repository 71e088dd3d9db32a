import { announcement } from './announcement.ts'
import type { AnyProjection } from './projection.ts'
import type { Parked } from './fold.ts'
import type { Client, Slot } from './table.ts'

export interface Checkpoint {
  projection: string
  /** The version of the projection whose rows lie there. */
  version: number
  position: number
}

interface CheckpointRow {
  projection: string
  version: number
  position: string
}

function readCheckpoint({ projection, version, position }: CheckpointRow): Checkpoint {
  return { projection, version, position: Number(position) }
}

/** Where all copies in a slot stand, without locking them. */
export async function readCheckpoints(client: Client, slot: Slot): Promise<Checkpoint[]> {
  const { rows } = await client.query<CheckpointRow>({
    name: 'read_checkpoints',
    text: 'select projection, version, position from run.checkpoints where slot = $1',
    values: [slot],
  })
  return rows.map(readCheckpoint)
}

/**
 * Locks the checkpoints of these projections for the rest of the transaction: whoever holds a row is the only one to
 * run it. Rows that another process holds are left out, unless `wait` is set.
 */
export async function lockCheckpoints(
  client: Client,
  projections: readonly string[],
  slot: Slot,
  options: { wait: boolean }
): Promise<Checkpoint[]> {
  const { rows } = await client.query<CheckpointRow>({
    name: `lock_checkpoints_${options.wait}`,
    text: `select projection, version, position from run.checkpoints
           where projection = any($1::text[]) and slot = $2
           order by projection for update ${options.wait ? '' : 'skip locked'}`,
    values: [projections, slot],
  })
  return rows.map(readCheckpoint)
}

/**
 * Streams that have parked events, by projection. To be asked after the checkpoints are locked, in a statement of its
 * own: the locking one may see less than what was committed while it waited.
 */
export async function readParkedKeys(
  client: Client,
  projections: readonly string[],
  slot: Slot
): Promise<(projection: string) => ReadonlySet<string>> {
  const { rows } = await client.query<{ projection: string; keys: string[] }>({
    name: 'parked_keys',
    text: `select projection, array_agg(distinct partition_key) as keys from run.parked_events
           where projection = any($1::text[]) and slot = $2 group by projection`,
    values: [projections, slot],
  })
  const byProjection = new Map(rows.map(({ projection, keys }) => [projection, new Set(keys)]))
  return (projection) => byProjection.get(projection) ?? NOTHING_PARKED
}

const NOTHING_PARKED: ReadonlySet<string> = new Set()

export async function advanceCheckpoints(
  client: Client,
  projections: readonly string[],
  slot: Slot,
  position: number
): Promise<void> {
  await client.query({
    name: 'advance_checkpoints',
    text: `update run.checkpoints set position = $3, updated_at = now()
           where projection = any($1::text[]) and slot = $2`,
    values: [projections, slot, position],
  })
}

/** The same for what is served, in one statement with the stamps of those whom the rows concern and the announcement. */
export async function advanceLive(
  client: Client,
  projections: readonly string[],
  position: number,
  subjects: ReadonlySet<number>
): Promise<void> {
  await client.query({
    name: 'advance_live',
    text: `with moved as (
             update run.checkpoints set position = $2, updated_at = now()
             where projection = any($1::text[]) and slot = 'live'
           )
           select case when cardinality($3::bigint[]) > 0 then run.stamp_subjects($3) end,
             pg_notify($4, $5)`,
    values: [projections, position, [...subjects], ...announcement({ projections, position })],
  })
}

export async function insertCheckpoint(
  client: Client,
  projection: AnyProjection,
  slot: Slot
): Promise<void> {
  await client.query(
    `insert into run.checkpoints (projection, slot, version, position) values ($1, $2, $3, 0)`,
    [projection.name, slot, projection.version]
  )
}

export async function park(
  client: Client,
  projection: string,
  slot: Slot,
  parked: readonly Parked[]
): Promise<void> {
  if (parked.length === 0) {
    return
  }
  await client.query(
    `insert into run.parked_events (projection, slot, position, partition_key, error)
     select $1, $2, p.position, p.key, p.error
     from json_to_recordset($3::json) as p(position bigint, key text, error text)
     on conflict (projection, slot, position) do nothing`,
    [
      projection,
      slot,
      JSON.stringify(
        parked.map(({ position, partitionKey, error }) => ({ position, key: partitionKey, error }))
      ),
    ]
  )
}

/** Forgets a copy's checkpoint and what was parked for it. */
export async function clearSlot(client: Client, projection: string, slot: Slot): Promise<void> {
  await client.query('delete from run.checkpoints where projection = $1 and slot = $2', [
    projection,
    slot,
  ])
  await client.query('delete from run.parked_events where projection = $1 and slot = $2', [
    projection,
    slot,
  ])
}

/** Gives a copy's checkpoint and parked events to another slot. */
export async function moveSlot(
  client: Client,
  projection: string,
  from: Slot,
  to: Slot
): Promise<void> {
  for (const table of ['checkpoints', 'parked_events']) {
    await client.query(`update run.${table} set slot = $3 where projection = $1 and slot = $2`, [
      projection,
      from,
      to,
    ])
  }
}
