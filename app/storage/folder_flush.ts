import { open } from 'node:fs/promises'

interface Flushes {
  running: Promise<void>
  /** What those share who came while it was running: it may have begun before their change. */
  next: Promise<void> | null
}

/** Makes the names in folders durable; whoever asks while a folder is being flushed shares the next flush with others. */
export class FolderFlush {
  readonly #flushes = new Map<string, Flushes>()

  /** Resolves when every name that the folder had when this was called is on disk. */
  flush(folder: string): Promise<void> {
    const flushes = this.#flushes.get(folder)
    if (flushes === undefined) {
      return this.#begin(folder)
    }
    flushes.next ??= flushes.running.then(
      () => this.#begin(folder),
      () => this.#begin(folder)
    )
    return flushes.next
  }

  #begin(folder: string): Promise<void> {
    const running = syncFolder(folder)
    const flushes: Flushes = { running, next: null }
    this.#flushes.set(folder, flushes)
    const over = () => {
      if (flushes.next === null) {
        this.#flushes.delete(folder)
      }
    }
    running.then(over, over)
    return running
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
