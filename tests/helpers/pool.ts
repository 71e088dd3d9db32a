import pg from 'pg'

/** Connections to a test's database. One that is cut off while it is idle, as when the database goes, is no failure. */
export function openPool(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max })
  pool.on('error', () => {})
  return pool
}
