import db from '@adonisjs/lucid/services/db'
import type { BigintColumn } from './columns.ts'

/** What an account is called; `null` where it was forgotten. */
export interface PersonView {
  email: string | null
  name: string | null
}

interface PersonRow extends PersonView {
  account_id: BigintColumn
}

/** The accounts with these ids that still exist, as they are now. */
export async function findPeople(
  accountIds: readonly number[]
): Promise<ReadonlyMap<number, PersonView>> {
  const rows: PersonRow[] = await db
    .from('read.accounts')
    .select('account_id', 'email', 'name')
    .whereIn('account_id', [...new Set(accountIds)])
  return new Map(
    rows.map(({ account_id: accountId, email, name }) => [Number(accountId), { email, name }])
  )
}
