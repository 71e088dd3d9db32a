import type { AnyProjection } from './projection.ts'
import type { Parked } from './fold.ts'
import type { Client, Slot } from './table.ts'

export interface Checkpoint {
  projection: string
  position: number
  /** Streams whose events are parked. */
  parkedKeys: ReadonlySet<string>
}

interface CheckpointRow {
  projection: string
  position: string
  parked: string[] | null
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
    text: `select c.projection, c.position, (
             select array_agg(distinct p.partition_key) from run.parked_events p
             where p.projection = c.projection and p.slot = c.slot
           ) as parked
           from run.checkpoints c
           where c.projection = any($1::text[]) and c.slot = $2
           order by c.projection for update of c ${options.wait ? '' : 'skip locked'}`,
    values: [projections, slot],
  })
  return rows.map(({ projection, position, parked }) => ({
    projection,
    position: Number(position),
    parkedKeys: new Set(parked ?? []),
  }))
}

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
