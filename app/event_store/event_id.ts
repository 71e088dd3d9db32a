import { createHash } from 'node:crypto'
import { drawRandom } from './random_pool.ts'

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function stamp(bytes: Buffer, uuidVersion: number): Buffer {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | (uuidVersion << 4), 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes
}

/** A new UUID version 7 (RFC 9562): ordered by time, so that the index on ids grows at its end. */
export function drawEventId(now = Date.now()): string {
  const bytes = drawRandom(16)
  bytes.writeUIntBE(now, 0, 6)
  return formatUuid(stamp(bytes, 7))
}

/** The UUID (version 8) that belongs to a cause and a name: the same cause always gives the same id. */
export function deriveEventId(cause: string, name: string): string {
  return formatUuid(stamp(createHash('sha256').update(`${cause}\n${name}`).digest(), 8))
}
