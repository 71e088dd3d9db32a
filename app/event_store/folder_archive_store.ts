import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArchiveStore } from './archive_store.ts'

/** Archives as files in a folder of this machine. */
export class FolderArchiveStore implements ArchiveStore {
  readonly title: string
  readonly #folder: string

  constructor(folder: string) {
    this.title = folder
    this.#folder = folder
  }

  async temporaryPath(): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    return join(this.#folder, `.${randomBytes(8).toString('hex')}.partial`)
  }

  async commit(temporaryPath: string, name: string): Promise<void> {
    await synced(temporaryPath)
    await rename(temporaryPath, join(this.#folder, name))
    await synced(this.#folder)
  }

  async size(name: string): Promise<number | null> {
    try {
      return (await stat(join(this.#folder, name))).size
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        return null
      }
      throw error
    }
  }

  async read(name: string, start: number, end: number): Promise<Buffer> {
    const file = await open(join(this.#folder, name), 'r')
    try {
      const bytes = Buffer.alloc(end - start + 1)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, start)
      return bytes.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true })
  }
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
