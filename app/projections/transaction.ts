import { sqlState } from '#event_store/postgres_failure'
import type { Client } from './table.ts'

/** Runs work in a transaction, committed when it resolves and rolled back when it rejects. */
export async function inTransaction<Result>(
  client: Client,
  work: () => Promise<Result>
): Promise<Result> {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/** True when the database refused the data itself: SQLSTATE class 22 (data) or 23 (integrity). */
export function isDataError(error: unknown): boolean {
  return /^2[23]/.test(sqlState(error))
}
