import type { Json } from '../event_definition.ts'
import type { AccountEvent, AccountRole } from './events.ts'

export interface Account {
  accountId: number
  email: string | null
  emailVerified: boolean
  role: AccountRole
  groupId: number
  name: string | null
  settings: Record<string, Json> | null
  capacityBytes: number
  frozen: boolean
  deleted: boolean
  /** Deleted, and cannot come back. */
  forgotten: boolean
  export: AccountExport
}

/** The archive of all that the site has of the person. */
export type AccountExport =
  | { state: 'none' | 'pending' }
  | { state: 'ready'; strategyId: number; objectKey: string; expiresAt: string }

const NO_EXPORT: AccountExport = { state: 'none' }

/** The account after one more event; `null` stands for an account that was never registered. */
export function evolveAccount(account: Account | null, event: AccountEvent): Account | null {
  if (event.type === 'account.registered') {
    return {
      accountId: event.data.account_id,
      email: event.data.email,
      emailVerified: event.data.email_verified,
      role: event.data.role,
      groupId: event.data.group_id,
      name: event.data.name,
      settings: {},
      capacityBytes: event.data.capacity_bytes,
      frozen: false,
      deleted: false,
      forgotten: false,
      export: NO_EXPORT,
    }
  }
  if (account === null) {
    return null
  }
  switch (event.type) {
    case 'account.name_changed':
      return { ...account, name: event.data.name }
    case 'account.settings_changed':
      return { ...account, settings: event.data.settings }
    case 'account.email_changed':
      return { ...account, email: event.data.to, emailVerified: false }
    case 'account.email_verified':
      return { ...account, emailVerified: true }
    case 'account.role_changed':
      return { ...account, role: event.data.to }
    case 'account.group_changed':
      return { ...account, groupId: event.data.to }
    case 'account.capacity_changed':
      return { ...account, capacityBytes: event.data.to }
    case 'account.frozen':
      return { ...account, frozen: true }
    case 'account.unfrozen':
      return { ...account, frozen: false }
    case 'account.deleted':
      return { ...account, deleted: true }
    case 'account.restored':
      return { ...account, deleted: false, groupId: event.data.group_id }
    case 'account.forgotten':
      return { ...account, forgotten: true }
    case 'account.export_requested':
      return { ...account, export: { state: 'pending' } }
    case 'account.export_made': {
      const { strategy_id: strategyId, object_key: objectKey, expires_at: expiresAt } = event.data
      return { ...account, export: { state: 'ready', strategyId, objectKey, expiresAt } }
    }
    case 'account.export_failed':
    case 'account.export_withdrawn':
      return { ...account, export: NO_EXPORT }
    case 'account.password_changed':
    case 'account.signed_in':
    case 'account.sign_in_failed':
    case 'account.signed_out':
    case 'account.session_revoked':
    case 'account.verification_requested':
    case 'account.password_reset_requested':
      return account
  }
}
