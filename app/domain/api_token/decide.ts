import type { EventData } from '../catalogue.ts'
import { DomainError } from '../domain_error.ts'
import type { ApiTokenEvent } from './events.ts'
import type { ApiToken } from './state.ts'

export function createApiToken(token: EventData<'api_token.created'>): ApiTokenEvent[] {
  return [{ type: 'api_token.created', data: token }]
}

/** @throws DomainError E_API_TOKEN_NOT_FOUND, also for a token of another account. */
export function revokeApiToken(token: ApiToken | null, accountId: number): ApiTokenEvent[] {
  if (token === null || token.revoked || token.accountId !== accountId) {
    throw new DomainError('E_API_TOKEN_NOT_FOUND', 'API token not found')
  }
  return [
    { type: 'api_token.revoked', data: { token_id: token.tokenId, account_id: token.accountId } },
  ]
}
