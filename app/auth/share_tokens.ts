import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'
import { derivePurposeKey } from '#event_store/sealing'

/** What a shared link says of itself; the log knows the same of it. */
export interface ShareClaims {
  shareId: number
  /** RFC 3339, UTC, milliseconds. */
  expiresAt: string
}

/** Id and end in base 36, and a signature of 256 bits. */
const SHARE_TOKEN = /^([1-9a-z][0-9a-z]{0,10})-([1-9a-z][0-9a-z]{0,9})-([A-Za-z0-9_-]{43})$/

/**
 * Signs shared links (HMAC-SHA256) under a key derived from the site's: there is no secret to keep, and a forged link
 * costs no query. The end is signed beside the id, so that after a restored backup, when ids are drawn anew, an old
 * link does not open what bears its id now.
 */
export class ShareTokens {
  readonly #key: KeyObject

  constructor(siteKey: string) {
    this.#key = derivePurposeKey(siteKey, 'shared links')
  }

  issue({ shareId, expiresAt }: ShareClaims): string {
    const claims = `${shareId.toString(36)}-${Date.parse(expiresAt).toString(36)}`
    return `${claims}-${this.#sign(claims)}`
  }

  /** What the token says, or `null` when it is not ours. */
  read(token: string): ShareClaims | null {
    const [, id, end, signature] = SHARE_TOKEN.exec(token) ?? []
    if (id === undefined || end === undefined || signature === undefined) {
      return null
    }
    // As text: the last letter has bits to spare, and only one spelling of a signature is ours.
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(`${id}-${end}`)))) {
      return null
    }
    return {
      shareId: Number.parseInt(id, 36),
      expiresAt: new Date(Number.parseInt(end, 36)).toISOString(),
    }
  }

  #sign(claims: string): string {
    return createHmac('sha256', this.#key).update(claims).digest('base64url')
  }
}
