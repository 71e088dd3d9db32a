import pg from 'pg'

/**
 * Works with a connection of its own, which ends with the work. One that breaks while nothing is asked of it fails the work
 * with what broke it; without anybody listening, node-postgres would end the process.
 */
export async function withClient<Result>(
  config: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>
): Promise<Result> {
  const client = new pg.Client(config)
  const breaks = listen(client)
  await client.connect()
  try {
    return await work(client)
  } catch (error) {
    throw breaks.first() ?? error
  } finally {
    await client.end()
  }
}

/** The same with a connection of a pool, which goes back to it, or, when the work failed, is closed. */
export async function withPooledClient<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>
): Promise<Result> {
  const client = await pool.connect()
  const breaks = listen(client)
  let failure: Error | undefined
  try {
    return await work(client)
  } catch (error) {
    failure = breaks.first() ?? (error instanceof Error ? error : new Error(String(error)))
    throw failure
  } finally {
    breaks.ignore()
    client.release(failure)
  }
}

function listen(client: pg.ClientBase): { first(): Error | null; ignore(): void } {
  let first: Error | null = null
  const note = (error: Error) => {
    first ??= error
  }
  client.on('error', note)
  return { first: () => first, ignore: () => client.off('error', note) }
}
