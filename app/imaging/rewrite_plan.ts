import { createHash, hash as hashOnce } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { ByteReader } from './byte_reader.ts'

/** A stretch of the source, `to` not included; bytes to put in its place; or so many zeros. */
export type Part = { from: number; to: number } | { zeros: number } | Buffer

/** What bytes are known by; hashes in hex. */
export interface Digests {
  sha256: string
  md5: string
  sha1: string
}

export interface WrittenFile extends Digests {
  size: number
}

const CHUNK_BYTES = 256 * 1024

function isStretch(part: Part): part is { from: number; to: number } {
  return !Buffer.isBuffer(part) && 'from' in part
}

/** Whether the parts are the whole file as it is. */
export function isUnchanged(parts: readonly Part[], size: number): boolean {
  let at = 0
  for (const part of parts) {
    if (!isStretch(part) || part.from !== at) {
      return false
    }
    at = part.to
  }
  return at === size
}

export function sizeOfPart(part: Part): number {
  if (Buffer.isBuffer(part)) {
    return part.length
  }
  return 'zeros' in part ? part.zeros : part.to - part.from
}

/** The parts with neighbouring stretches made one. */
export function joinParts(parts: readonly Part[]): Part[] {
  const joined: Part[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (last !== undefined && isStretch(last) && isStretch(part) && last.to === part.from) {
      last.to = part.to
    } else {
      joined.push(isStretch(part) ? { ...part } : part)
    }
  }
  return joined
}

/** Writes the parts one after the other, hashing them on the way. */
export function writeParts(
  reader: ByteReader,
  target: string,
  parts: readonly Part[]
): Promise<WrittenFile> {
  return writeHashed(target, bytesOf(reader, parts))
}

/** The parts one after the other. */
export async function gatherParts(reader: ByteReader, parts: readonly Part[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytesOf(reader, parts)))
}

export function digestsOf(bytes: Buffer): Digests {
  return {
    sha256: hashOnce('sha256', bytes, 'hex'),
    md5: hashOnce('md5', bytes, 'hex'),
    sha1: hashOnce('sha1', bytes, 'hex'),
  }
}

/** Writes a new file, hashing it on the way; a store that takes it in makes it durable. */
export async function writeHashed(
  target: string,
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>
): Promise<WrittenFile> {
  const hashes = { sha256: createHash('sha256'), md5: createHash('md5'), sha1: createHash('sha1') }
  const file = await open(target, 'wx', 0o640)
  let size = 0
  try {
    for await (const bytes of chunks) {
      const writing = file.write(bytes, 0, bytes.length, size)
      writing.catch(() => {})
      Object.values(hashes).forEach((hash) => hash.update(bytes))
      await writing
      size += bytes.length
    }
  } finally {
    await file.close()
  }
  return {
    size,
    sha256: hashes.sha256.digest('hex'),
    md5: hashes.md5.digest('hex'),
    sha1: hashes.sha1.digest('hex'),
  }
}

async function* bytesOf(reader: ByteReader, parts: readonly Part[]): AsyncIterable<Buffer> {
  for (const part of parts) {
    if (Buffer.isBuffer(part)) {
      yield part
    } else if ('zeros' in part) {
      for (let left = part.zeros; left > 0; left -= CHUNK_BYTES) {
        yield Buffer.alloc(Math.min(CHUNK_BYTES, left))
      }
    } else {
      yield* reader.pieces(part.from, part.to)
    }
  }
}
