import db from '@adonisjs/lucid/services/db'
import type { AccountRole } from '#domain/account/events'
import type { BigintColumn } from './columns.ts'
import { countRows } from './counts.ts'
import { offsetOf, type PageOf, type PageRequest } from './page_request.ts'
import type { DeletedAccountView } from './views.ts'

interface DeletedAccountRow {
  account_id: BigintColumn
  email: string | null
  role: AccountRole
  deleted_at: Date
}

/** Deleted accounts that can still come back, the last deleted first. */
export async function listDeletedAccounts(page: PageRequest): Promise<PageOf<DeletedAccountView>> {
  const [total, rows]: [number, DeletedAccountRow[]] = await Promise.all([
    countRows(db.from('read.deleted_accounts')),
    db
      .from('read.deleted_accounts')
      .orderBy([
        { column: 'deleted_at', order: 'desc' },
        { column: 'account_id', order: 'desc' },
      ])
      .limit(page.size)
      .offset(offsetOf(page)),
  ])
  return { items: rows.map(deletedAccountView), total }
}

/** Whether this account was deleted and can still come back. */
export async function isDeletedAccount(accountId: number): Promise<boolean> {
  return (await db.from('read.deleted_accounts').where('account_id', accountId).first()) !== null
}

function deletedAccountView(row: DeletedAccountRow): DeletedAccountView {
  return {
    accountId: Number(row.account_id),
    email: row.email,
    role: row.role,
    deletedAt: row.deleted_at.toISOString(),
  }
}
