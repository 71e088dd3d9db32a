import pg from 'pg'

/** Two connections that see the database as it was at one moment, while the site goes on. */
export interface Snapshot {
  /** For the log itself; of no use after it was left in the middle. */
  reader: pg.Client
  /** For all else. */
  helper: pg.Client
}

/** Does the work on a snapshot, and lets go of it. */
export async function withSnapshot<Result>(
  connectionString: string,
  work: (snapshot: Snapshot) => Promise<Result>
): Promise<Result> {
  const reader = new pg.Client({ connectionString })
  const helper = new pg.Client({ connectionString })
  // A reader that is left in the middle of a COPY is cut off.
  reader.on('error', () => {})
  await Promise.all([reader.connect(), helper.connect()])
  try {
    await reader.query('begin isolation level repeatable read, read only')
    const { rows } = await reader.query<{ id: string }>('select pg_export_snapshot() as id')
    await helper.query('begin isolation level repeatable read, read only')
    await helper.query(`set transaction snapshot ${pg.escapeLiteral(rows[0]?.id ?? '')}`)
    return await work({ reader, helper })
  } finally {
    await helper.end()
    cutOff(reader)
  }
}

/** What PostgreSQL still has to send is not waited for. */
function cutOff(client: pg.Client): void {
  client.connection.stream.destroy()
}
