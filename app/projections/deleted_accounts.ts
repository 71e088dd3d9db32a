import type { AccountRole } from '#domain/account/events'
import { defineProjection } from './projection.ts'

export type DeletedAccountRow = {
  account_id: number
  email: string | null
  role: AccountRole
  deleted_at: string
}

/** Accounts that were deleted and can still come back; one that was forgotten has no row. */
export const deletedAccounts = defineProjection<DeletedAccountRow>({
  name: 'deleted_accounts',
  version: 1,
  table: {
    columns: {
      account_id: 'bigint not null',
      email: 'text',
      role: 'text not null',
      deleted_at: 'timestamptz(3) not null',
    },
    key: 'account_id',
    indexes: { deleted: { on: '(deleted_at, account_id)' } },
  },

  keys(event) {
    switch (event.type) {
      case 'account.deleted':
      case 'account.restored':
      case 'account.forgotten':
        return [event.data.account_id]
      default:
        return []
    }
  },

  concerns: (row) => row.account_id,

  apply(rows, event) {
    switch (event.type) {
      case 'account.deleted':
        return rows.put({
          account_id: event.data.account_id,
          email: event.data.email,
          role: event.data.role,
          deleted_at: event.recordedAt,
        })
      case 'account.restored':
      case 'account.forgotten':
        return rows.remove(event.data.account_id)
    }
  },
})
