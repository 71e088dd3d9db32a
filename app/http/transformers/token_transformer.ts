import { ACCESS_TOKEN_SECONDS } from '#auth/access_tokens'

export function transformTokens(accessToken: string, refreshToken: string) {
  return {
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_in: ACCESS_TOKEN_SECONDS,
    token_type: 'Bearer',
  }
}
