import type { AnyProjection } from './projection.ts'
import type { Client } from './table.ts'

export interface ProjectionStatus {
  projection: string
  /** The installed version; 0 when it is not installed. */
  version: number
  codeVersion: number
  position: number
  /** Events behind the head of the log. */
  lag: number
  parkedStreams: number
  rebuilding: boolean
  canRollBack: boolean
}

interface StatusRow {
  projection: string
  version: number
  position: string
  head: string
  parked: string
  slots: string[]
}

/** Where each read model stands. */
export async function projectionStatus(
  client: Client,
  projections: readonly AnyProjection[]
): Promise<ProjectionStatus[]> {
  const { rows } = await client.query<StatusRow>(
    `select c.projection, c.version, c.position, h.position as head,
       (select count(distinct p.partition_key) from run.parked_events p
        where p.projection = c.projection and p.slot = 'live') as parked,
       (select array_agg(s.slot) from run.checkpoints s where s.projection = c.projection) as slots
     from run.checkpoints c cross join log.head h where c.slot = 'live'`
  )
  const byName = new Map(rows.map((row) => [row.projection, row]))
  return projections.map(({ name, version }) => {
    const row = byName.get(name)
    return {
      projection: name,
      version: row?.version ?? 0,
      codeVersion: version,
      position: Number(row?.position ?? 0),
      lag: Number(row?.head ?? 0) - Number(row?.position ?? 0),
      parkedStreams: Number(row?.parked ?? 0),
      rebuilding: row?.slots.includes('next') ?? false,
      canRollBack: row?.slots.includes('previous') ?? false,
    }
  })
}
