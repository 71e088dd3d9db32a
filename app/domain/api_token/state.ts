import type { ApiTokenEvent } from './events.ts'

export interface ApiToken {
  tokenId: number
  accountId: number
  revoked: boolean
}

/** The token after one more event; `null` stands for a token that was never made. */
export function evolveApiToken(token: ApiToken | null, event: ApiTokenEvent): ApiToken | null {
  if (event.type === 'api_token.created') {
    return { tokenId: event.data.token_id, accountId: event.data.account_id, revoked: false }
  }
  return token === null ? null : { ...token, revoked: true }
}
