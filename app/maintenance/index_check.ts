import type pg from 'pg'
import type { StoredEvent } from '#event_store/stored_event'

type Queries = Pick<pg.ClientBase, 'query'>

/** The first event in full partitions of the database that the index does not have as it is. */
const FIRST_DIFFERENT = `
  select e.position from log.events e
  left join log.event_index x on x.position = e.position
  where e.position <= (select indexed from log.head)
    and (x.stream, x.version, x.id, x.type, x.recorded_at)
      is distinct from (e.stream, e.version, e.id, e.type, e.recorded_at)
  order by e.position limit 1`

const INDEXED = `select position, stream, version, id, type, (date_part('epoch', recorded_at) * 1000)::bigint as recorded
  from log.event_index where position between $1 and $2 order by position`

interface IndexRow {
  position: string
  stream: string
  version: number
  id: string
  type: string
  recorded: string
}

/** What of the index by which appends and streams find events does not agree with the database. */
export async function indexFaults(queries: Queries): Promise<string[]> {
  const { rows } = await queries.query<{ position: string }>(FIRST_DIFFERENT)
  const faults = rows.map(({ position }) => differs(Number(position)))
  const counted = await queries.query<{ rows: string; indexed: string }>(
    'select (select count(*) from log.event_index) as rows, indexed from log.head'
  )
  const [count] = counted.rows
  if (count !== undefined && count.rows !== count.indexed) {
    faults.push(`The index of the log has ${count.rows} events instead of ${count.indexed}`)
  }
  return faults
}

/** The same for events that follow each other in an archive. */
export async function archivedIndexFault(
  queries: Queries,
  events: readonly StoredEvent[]
): Promise<string | null> {
  const { rows } = await queries.query<IndexRow>(INDEXED, [
    events[0]?.position ?? 0,
    events.at(-1)?.position ?? 0,
  ])
  const byPosition = new Map(rows.map((row) => [Number(row.position), row]))
  const different = events.find((event) => {
    const row = byPosition.get(event.position)
    return (
      row?.stream !== event.stream ||
      row.version !== event.version ||
      row.id !== event.id ||
      row.type !== event.type ||
      Number(row.recorded) !== event.recordedAt
    )
  })
  return different === undefined ? null : differs(different.position)
}

function differs(position: number): string {
  return `Event ${position} is not in the index of the log as it is`
}
