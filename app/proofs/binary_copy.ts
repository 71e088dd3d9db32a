const SIGNATURE_BYTES = 11
const FIXED_HEADER_BYTES = 19
const END_OF_DATA = -1
const INCOMPLETE = -1

/**
 * Takes PostgreSQL's binary COPY format apart, chunk by chunk: a header, then rows of fields that each say their length
 * (see "Binary Format" under COPY in its manual). Fields are views of the chunk, not copies.
 */
export class BinaryCopyParser {
  #rest: Buffer = Buffer.alloc(0)
  #begun = false

  /** The rows that are complete with this chunk. No field may be null. */
  push(chunk: Buffer): Buffer[][] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const rows: Buffer[][] = []
    let offset = 0
    if (!this.#begun) {
      const header = headerLength(bytes)
      if (header === null) {
        this.#rest = bytes
        return rows
      }
      offset = header
      this.#begun = true
    }
    for (;;) {
      const fields: Buffer[] = []
      const end = readRow(bytes, offset, fields)
      if (end === INCOMPLETE) {
        break
      }
      offset = end
      rows.push(fields)
    }
    this.#rest = bytes.subarray(offset)
    return rows
  }
}

function headerLength(bytes: Buffer): number | null {
  if (bytes.length < FIXED_HEADER_BYTES) {
    return null
  }
  const extension = bytes.readInt32BE(SIGNATURE_BYTES + 4)
  const length = FIXED_HEADER_BYTES + extension
  return bytes.length < length ? null : length
}

/** Adds the fields of the row that begins there; answers where it ends. */
function readRow(bytes: Buffer, start: number, fields: Buffer[]): number {
  if (start + 2 > bytes.length) {
    return INCOMPLETE
  }
  const count = bytes.readInt16BE(start)
  if (count === END_OF_DATA) {
    return INCOMPLETE
  }
  let offset = start + 2
  for (let index = 0; index < count; index++) {
    if (offset + 4 > bytes.length) {
      return INCOMPLETE
    }
    const end = offset + 4 + bytes.readInt32BE(offset)
    if (end > bytes.length) {
      return INCOMPLETE
    }
    fields.push(bytes.subarray(offset + 4, end))
    offset = end
  }
  return offset
}
