import type { AccountRole } from '#domain/account/events'
import type { Json } from '#domain/event_definition'
import type { RecordedFact } from '#event_store/port'
import { defineProjection } from './projection.ts'

export type AccountRow = {
  account_id: number
  email: string | null
  name: string | null
  role: AccountRole
  /** 0 frozen, 1 active. */
  status: number
  group_id: number
  capacity_bytes: number
  settings: { [name: string]: Json } | null
  email_verified: boolean
  created_at: string
  updated_at: string
}

/** The account whose stream the event belongs to. */
function accountIn({ type, data }: RecordedFact): number | null {
  return type.startsWith('account.') && 'account_id' in data ? data.account_id : null
}

export const accounts = defineProjection<AccountRow>({
  name: 'accounts',
  version: 1,
  table: {
    columns: {
      account_id: 'bigint not null',
      email: 'text',
      name: 'text',
      role: 'text not null',
      status: 'smallint not null',
      group_id: 'bigint not null',
      capacity_bytes: 'bigint not null',
      settings: 'jsonb',
      email_verified: 'boolean not null',
      created_at: 'timestamptz(3) not null',
      updated_at: 'timestamptz(3) not null',
    },
    key: 'account_id',
    indexes: { email: { on: '(lower(email))' }, group: { on: '(group_id)' } },
  },

  keys(event) {
    const accountId = accountIn(event)
    return accountId === null ? [] : [accountId]
  },

  concerns: (row) => row.account_id,

  apply(rows, event) {
    if (event.type === 'account.registered') {
      const { data } = event
      rows.put({
        account_id: data.account_id,
        email: data.email,
        name: data.name,
        role: data.role,
        status: 1,
        group_id: data.group_id,
        capacity_bytes: data.capacity_bytes,
        settings: {},
        email_verified: data.email_verified,
        created_at: event.recordedAt,
        updated_at: event.recordedAt,
      })
      return
    }
    if (event.type === 'account.restored') {
      const { data } = event
      rows.put({
        account_id: data.account_id,
        email: data.email,
        name: data.name,
        role: data.role,
        status: data.active ? 1 : 0,
        group_id: data.group_id,
        capacity_bytes: data.capacity_bytes,
        settings: data.settings,
        email_verified: data.email_verified,
        created_at: data.registered_at,
        updated_at: event.recordedAt,
      })
      return
    }
    const accountId = accountIn(event)
    const row = accountId === null ? undefined : rows.get(accountId)
    if (row === undefined) {
      return
    }
    const change = (changes: Partial<AccountRow>) =>
      rows.put({ ...row, ...changes, updated_at: event.recordedAt })
    switch (event.type) {
      case 'account.name_changed':
        return change({ name: event.data.name })
      case 'account.settings_changed':
        return change({ settings: event.data.settings })
      case 'account.email_changed':
        return change({ email: event.data.to, email_verified: false })
      case 'account.email_verified':
        return change({ email_verified: true })
      case 'account.role_changed':
        return change({ role: event.data.to })
      case 'account.group_changed':
        return change({ group_id: event.data.to })
      case 'account.capacity_changed':
        return change({ capacity_bytes: event.data.to })
      case 'account.frozen':
        return change({ status: 0 })
      case 'account.unfrozen':
        return change({ status: 1 })
      case 'account.deleted':
        return rows.remove(row.account_id)
    }
  },
})
