import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { drawRandom } from './random_pool.ts'

const IV_BYTES = 12
const TAG_BYTES = 16

/** A 32-byte key for one purpose, from the site's key (HKDF-SHA-256, RFC 5869). */
export function derivePurposeKey(siteKey: string, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', siteKey, '', `picfast ${purpose}`, 32)))
}

/**
 * AES-256-GCM: 12 bytes of IV, the ciphertext, 16 bytes of tag. `context` is authenticated, not stored:
 * a sealed value cannot be moved to another place.
 */
export function seal(key: KeyObject, plain: Buffer, context: string): Buffer {
  const iv = drawRandom(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(context))
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Opens what `seal` made; throws when the key, the context or a byte is another. */
export function open(key: KeyObject, sealed: Buffer, context: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES))
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  return Buffer.concat([
    decipher.update(sealed.subarray(IV_BYTES, sealed.length - TAG_BYTES)),
    decipher.final(),
  ])
}

/** A keyed fingerprint (HMAC-SHA-256, hex) that lets equal values be found without storing them. */
export function fingerprint(key: KeyObject, value: string): string {
  return createHmac('sha256', key).update(value).digest('hex')
}
