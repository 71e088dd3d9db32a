import type { EventData } from '../catalogue.ts'
import { DomainError } from '../domain_error.ts'
import type { Json } from '../event_definition.ts'
import type { AccountEvent } from './events.ts'
import type { Account } from './state.ts'

export function registerAccount(account: EventData<'account.registered'>): AccountEvent[] {
  return [{ type: 'account.registered', data: account }]
}

/** @throws DomainError E_ACCOUNT_NOT_FOUND */
export function changeName(account: Account | null, name: string): AccountEvent[] {
  const { accountId, name: present } = requireAccount(account)
  return name === present
    ? []
    : [{ type: 'account.name_changed', data: { account_id: accountId, name } }]
}

/** @throws DomainError E_ACCOUNT_NOT_FOUND */
export function changeSettings(
  account: Account | null,
  settings: Record<string, Json>
): AccountEvent[] {
  const { accountId, settings: present } = requireAccount(account)
  return JSON.stringify(settings) === JSON.stringify(present)
    ? []
    : [{ type: 'account.settings_changed', data: { account_id: accountId, settings } }]
}

function requireAccount(account: Account | null): Account {
  if (account === null) {
    throw new DomainError('E_ACCOUNT_NOT_FOUND', 'Account not found')
  }
  return account
}
