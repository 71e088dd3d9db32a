import type { Json } from '../event_definition.ts'
import type { AccountEvent, AccountRole } from './events.ts'

export interface Account {
  accountId: number
  role: AccountRole
  name: string | null
  settings: Record<string, Json> | null
  capacityBytes: number
}

/** The account after one more event; `null` stands for an account that was never registered. */
export function evolveAccount(account: Account | null, event: AccountEvent): Account | null {
  if (event.type === 'account.registered') {
    return {
      accountId: event.data.account_id,
      role: event.data.role,
      name: event.data.name,
      settings: {},
      capacityBytes: event.data.capacity_bytes,
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
    case 'account.password_changed':
    case 'account.signed_in':
    case 'account.sign_in_failed':
    case 'account.signed_out':
    case 'account.session_revoked':
      return account
  }
}
