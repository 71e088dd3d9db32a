import { rm } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { ArchiveStore } from '#event_store/archive_store'
import type { ObjectStore } from './object_store.ts'

/** Below it archives of the log lie in a strategy. */
export const ARCHIVE_FOLDER = 'log-archive'

/** Archives as objects of a storage strategy, beside its images. */
export class StrategyArchiveStore implements ArchiveStore {
  readonly title: string
  readonly #objects: ObjectStore

  constructor(strategyId: number, objects: ObjectStore) {
    this.title = `strategy ${strategyId}`
    this.#objects = objects
  }

  temporaryPath(): Promise<string> {
    return this.#objects.temporaryPath()
  }

  async commit(temporaryPath: string, name: string): Promise<void> {
    await this.#objects.commitFile(temporaryPath, keyOf(name))
    await rm(temporaryPath, { force: true })
  }

  async size(name: string): Promise<number | null> {
    return (await this.#objects.stat(keyOf(name)))?.size ?? null
  }

  async read(name: string, start: number, end: number): Promise<Buffer> {
    return buffer(await this.#objects.read(keyOf(name), { start, end }))
  }

  remove(name: string): Promise<void> {
    return this.#objects.delete(keyOf(name))
  }
}

function keyOf(name: string): string {
  return `${ARCHIVE_FOLDER}/${name}`
}
