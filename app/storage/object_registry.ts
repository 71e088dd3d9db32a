import { resolve } from 'node:path'
import { LocalObjectStore } from './local_object_store.ts'
import type { ObjectStore } from './object_store.ts'

/** A storage strategy as its read model knows it. */
export interface StrategySettings {
  id: number
  configs: { root: string }
}

/** The stores of the site's strategies, each made once. A relative root lies below the data folder. */
export class ObjectStores {
  readonly #dataDir: string
  readonly #stores = new Map<string, ObjectStore>()

  constructor(options: { dataDir: string }) {
    this.#dataDir = options.dataDir
  }

  get({ id, configs }: StrategySettings): ObjectStore {
    const root = resolve(this.#dataDir, configs.root)
    const name = `${id} ${root}`
    const store = this.#stores.get(name) ?? new LocalObjectStore({ root })
    this.#stores.set(name, store)
    return store
  }
}
