import type pg from 'pg'
import type { LogFault } from './log_fault.ts'

interface VersionRow {
  position: string
  stream: string
  version: number
}

/** The first event after a position whose stream does not have the version before it, earlier in the log. */
const FIRST_WITHOUT_PREDECESSOR = `
  select position, stream, version from log.places where position = (
    select min(e.position) from log.places e
    where e.position > $1 and e.version <> 1 and not exists (
      select 1 from log.places p
      where p.stream = e.stream and p.version = e.version - 1 and p.position < e.position
    )
  )`

/** Versions are dense in each stream, from 1. That no version is there twice, a unique index sees to. */
export async function versionFaults(client: pg.ClientBase, after: number): Promise<LogFault[]> {
  const { rows } = await client.query<VersionRow>(FIRST_WITHOUT_PREDECESSOR, [after])
  return rows.map(({ position, stream, version }) => ({
    kind: 'version',
    position: Number(position),
    message: `Event ${position} is version ${version} of ${stream}, and version ${version - 1} does not come before it`,
  }))
}
