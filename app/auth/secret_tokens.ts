import { hash, randomBytes } from 'node:crypto'

/** What every API token starts with, so that leaked ones are found by scanners and told from JWTs. */
export const API_TOKEN_PREFIX = 'img_'

const SECRET_BYTES = 32
const API_TOKEN = /^img_[A-Za-z0-9_-]{32,128}$/
const PLAIN_SECRET = /^[A-Za-z0-9_-]{43}$/

/** A new API token: the prefix and 256 random bits in 43 URL-safe characters. */
export function drawApiToken(): string {
  return API_TOKEN_PREFIX + randomBytes(SECRET_BYTES).toString('base64url')
}

/** A new refresh token: 256 random bits in 43 URL-safe characters. */
export function drawRefreshToken(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

/** A new secret of a mailed link: 256 random bits in 43 URL-safe characters. */
export function drawMailedSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

export function looksLikeMailedSecret(value: string): boolean {
  return PLAIN_SECRET.test(value)
}

/** A new secret of a deletion URL: 256 random bits in 43 URL-safe characters. */
export function drawDeletionSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

export function looksLikeDeletionSecret(value: string): boolean {
  return PLAIN_SECRET.test(value)
}

export function looksLikeApiToken(value: string): boolean {
  return API_TOKEN.test(value)
}

export function looksLikeRefreshToken(value: string): boolean {
  return PLAIN_SECRET.test(value)
}

/** What is stored of a token. A plain SHA-256 will do: the secret has 256 bits, there is nothing to guess. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}
