import { mkdir } from 'node:fs/promises'
import { StorageError } from './errors.ts'

/**
 * Makes a folder and those above it; answers the first that was not there.
 *
 * @throws StorageError E_STORAGE_UNAVAILABLE whatever the reason: something else may be in its place
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true, mode: 0o750 })
  } catch (error) {
    throw new StorageError('E_STORAGE_UNAVAILABLE', 'A folder of the storage cannot be made', {
      cause: error,
    })
  }
}
