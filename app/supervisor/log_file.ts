import { createWriteStream, existsSync, renameSync, statSync, type WriteStream } from 'node:fs'

const ROTATE_BYTES = 16 * 1024 * 1024

/** Opens a log for appending; one that has grown large is put aside first, in place of the one put aside before. */
export function openLog(path: string): WriteStream {
  if (existsSync(path) && statSync(path).size > ROTATE_BYTES) {
    renameSync(path, `${path}.1`)
  }
  return createWriteStream(path, { flags: 'a', mode: 0o600 })
}
