import type { ApiTokenView } from '#read_models/views'

/** A token without its secret, which is shown once, when it is made. */
export function transformApiToken(token: ApiTokenView) {
  return {
    id: token.tokenId,
    name: token.name,
    scopes: token.scopes,
    last_used_at: token.lastUsedAt,
    expires_at: token.expiresAt,
    created_at: token.createdAt,
  }
}
