import type { TokenScope } from '#domain/api_token/events'
import { defineProjection } from './projection.ts'

export type ApiTokenRow = {
  token_id: number
  account_id: number
  name: string
  scopes: TokenScope[]
  expires_at: string | null
  created_at: string
}

/** The tokens that were not revoked. */
export const apiTokens = defineProjection<ApiTokenRow>({
  name: 'api_tokens',
  version: 1,
  table: {
    columns: {
      token_id: 'bigint not null',
      account_id: 'bigint not null',
      name: 'text not null',
      scopes: 'text[] not null',
      expires_at: 'timestamptz(3)',
      created_at: 'timestamptz(3) not null',
    },
    key: 'token_id',
    indexes: { account: { on: '(account_id, token_id)' } },
  },

  keys: (event) =>
    event.type === 'api_token.created' || event.type === 'api_token.revoked'
      ? [event.data.token_id]
      : [],

  concerns: (row) => row.account_id,

  apply(rows, event) {
    if (event.type === 'api_token.created') {
      rows.put({
        token_id: event.data.token_id,
        account_id: event.data.account_id,
        // A forgotten person's token has no name until the event that revokes it is reached.
        name: event.data.name ?? '',
        scopes: event.data.scopes,
        expires_at: event.data.expires_at,
        created_at: event.recordedAt,
      })
    } else if (event.type === 'api_token.revoked') {
      rows.remove(event.data.token_id)
    }
  },
})
