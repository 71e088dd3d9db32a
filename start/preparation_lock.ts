import pg from 'pg'

const LOCK = `hashtextextended('picfast prepare', 0)`

/**
 * Has one process at a time prepare a database; others wait for it, and are told so. The lock goes with the connection.
 *
 * @throws Error when the database cannot be reached, or is lost while waiting
 */
export async function whenNobodyPrepares<Result>(
  connectionString: string,
  waiting: () => void,
  work: () => Promise<Result>
): Promise<Result> {
  const client = new pg.Client({ connectionString, keepAlive: true })
  const { promise: lost, reject } = Promise.withResolvers<never>()
  lost.catch(() => {})
  client.on('error', reject)
  await client.connect()
  try {
    const { rows } = await client.query<{ held: boolean }>(
      `select pg_try_advisory_lock(${LOCK}) as held`
    )
    if (rows[0]?.held !== true) {
      waiting()
      await Promise.race([client.query(`select pg_advisory_lock(${LOCK})`), lost])
    }
    return await work()
  } finally {
    await client.end().catch(() => {})
  }
}
