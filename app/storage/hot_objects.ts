import type { Readable } from 'node:stream'
import { LRUCache } from 'lru-cache'
import type { ByteRange, ObjectStore } from './object_store.ts'

/** Larger ones are streamed: in memory they would crowd out many small ones. */
const LARGEST_BYTES = 1024 * 1024

/**
 * Objects that are asked for often, in memory. An object's bytes never change under its key, so that nothing has to be
 * forgotten but for room.
 */
export class HotObjects {
  readonly #objects: LRUCache<string, Buffer>
  readonly #reading = new Map<string, Promise<Buffer>>()

  /** `bytes`: how much may be kept in all. */
  constructor({ bytes }: { bytes: number }) {
    this.#objects = new LRUCache({ maxSize: bytes, sizeCalculation: ({ length }) => length || 1 })
  }

  /**
   * The object, or a part of it: from memory when it is small, else as a stream.
   *
   * @throws StorageError E_OBJECT_MISSING, E_STORAGE_UNAVAILABLE
   */
  async open(
    object: { store: ObjectStore; strategyId: number; key: string; size: number },
    range: ByteRange | null
  ): Promise<Readable | Buffer> {
    const { store, strategyId, key, size } = object
    if (size > LARGEST_BYTES) {
      return store.read(key, range ?? undefined)
    }
    const bytes = await this.#whole(`${strategyId} ${key}`, () => store.readAll(key))
    return range === null ? bytes : bytes.subarray(range.start, range.end + 1)
  }

  /** Those who ask for the same object at the same moment share one reading. */
  async #whole(name: string, read: () => Promise<Buffer>): Promise<Buffer> {
    const known = this.#objects.get(name)
    if (known !== undefined) {
      return known
    }
    const underWay = this.#reading.get(name)
    if (underWay !== undefined) {
      return underWay
    }
    const reading = read().finally(() => this.#reading.delete(name))
    this.#reading.set(name, reading)
    const bytes = await reading
    this.#objects.set(name, bytes)
    return bytes
  }
}
