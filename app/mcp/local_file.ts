import { createHash } from 'node:crypto'
import { createReadStream, openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AgentError } from './errors.ts'

/** A file to be uploaded; its bytes are read from the disk as they are sent. `sha1` is hex. */
export interface LocalFile {
  name: string
  blob: Blob
  size: number
  sha1: string
}

/** @throws AgentError INVALID_IMAGE_DATA when there is no file that can be read */
export async function openLocalFile(path: string): Promise<LocalFile> {
  const absolute = path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path)
  try {
    // A pipe or a device would never end.
    if (!(await stat(absolute)).isFile()) {
      throw new AgentError('INVALID_IMAGE_DATA', `${absolute} is not a file`)
    }
    const sha1 = createHash('sha1')
    await pipeline(createReadStream(absolute), sha1)
    const blob = await openAsBlob(absolute)
    return { name: basename(absolute), blob, size: blob.size, sha1: sha1.digest('hex') }
  } catch (error) {
    if (error instanceof AgentError) {
      throw error
    }
    throw new AgentError('INVALID_IMAGE_DATA', `${absolute} cannot be read`, { cause: error })
  }
}
