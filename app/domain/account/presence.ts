import { DomainError } from '../domain_error.ts'
import type { Account } from './state.ts'

/** @throws DomainError E_ACCOUNT_NOT_FOUND */
export function requireAccount(account: Account | null): Account {
  if (account === null || account.deleted) {
    throw notFound()
  }
  return account
}

export function notFound(): DomainError {
  return new DomainError('E_ACCOUNT_NOT_FOUND', 'Account not found')
}
