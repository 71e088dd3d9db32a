const TEXT_OID = 25
const HEADER_BYTES = 20

/**
 * A one-dimensional `text[]` in PostgreSQL's binary format (`array_send` in its source): sent as it is, where the text
 * format would have every quote of every JSON text escaped here and parsed back there.
 */
export function encodeTextArray(values: readonly (string | null)[]): Buffer {
  let size = HEADER_BYTES
  for (const value of values) {
    size += 4 + (value === null ? 0 : Buffer.byteLength(value))
  }
  const buffer = Buffer.allocUnsafe(size)
  buffer.writeInt32BE(1, 0)
  buffer.writeInt32BE(values.includes(null) ? 1 : 0, 4)
  buffer.writeInt32BE(TEXT_OID, 8)
  buffer.writeInt32BE(values.length, 12)
  buffer.writeInt32BE(1, 16)
  let offset = HEADER_BYTES
  for (const value of values) {
    if (value === null) {
      offset = buffer.writeInt32BE(-1, offset)
    } else {
      const length = buffer.write(value, offset + 4)
      buffer.writeInt32BE(length, offset)
      offset += 4 + length
    }
  }
  return buffer
}
