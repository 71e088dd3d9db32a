import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'

/** A stretch of the source, `to` not included, or bytes to put in its place. */
export type Part = { from: number; to: number } | Buffer

export interface WrittenFile {
  size: number
  sha256: string
  md5: string
  sha1: string
}

const CHUNK_BYTES = 256 * 1024

/** Whether the parts are the whole file as it is. */
export function isUnchanged(parts: readonly Part[], size: number): boolean {
  let at = 0
  for (const part of parts) {
    if (Buffer.isBuffer(part) || part.from !== at) {
      return false
    }
    at = part.to
  }
  return at === size
}

/** Writes the parts one after the other, hashing them on the way; the file is on disk when it resolves. */
export async function writeParts(
  source: FileHandle,
  target: string,
  parts: readonly Part[]
): Promise<WrittenFile> {
  const hashes = { sha256: createHash('sha256'), md5: createHash('md5'), sha1: createHash('sha1') }
  const file = await open(target, 'wx', 0o640)
  let size = 0
  const append = async (bytes: Buffer) => {
    const writing = file.write(bytes, 0, bytes.length, size)
    writing.catch(() => {})
    Object.values(hashes).forEach((hash) => hash.update(bytes))
    await writing
    size += bytes.length
  }
  try {
    for (const part of parts) {
      if (Buffer.isBuffer(part)) {
        await append(part)
        continue
      }
      for (let at = part.from; at < part.to;) {
        const length = Math.min(CHUNK_BYTES, part.to - at)
        const { bytesRead } = await source
          .read(Buffer.allocUnsafe(length), 0, length, at)
          .then(async ({ buffer, bytesRead: count }) => {
            await append(buffer.subarray(0, count))
            return { bytesRead: count }
          })
        if (bytesRead === 0) {
          break
        }
        at += bytesRead
      }
    }
    await file.datasync()
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
