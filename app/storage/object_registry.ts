import { join, resolve } from 'node:path'
import { LRUCache } from 'lru-cache'
import { LocalObjectStore } from './local_object_store.ts'
import type { ObjectStore } from './object_store.ts'
import { S3_ENDPOINTS } from './s3_endpoint.ts'
import { S3ObjectStore } from './s3_object_store.ts'
import { requiredText, textOf, webAddress, type StrategyConfigs } from './strategy_configs.ts'
import type { StrategyType } from './strategy_settings.ts'
import { TemporaryFiles } from './temporary_files.ts'
import { WebdavObjectStore } from './webdav_object_store.ts'

/** A storage strategy as its read model knows it. */
export interface StrategySettings {
  id: number
  type: StrategyType
  configs: StrategyConfigs
  /** Another one after each change, also of a secret. */
  updatedAt: string
}

/** Secrets of strategies, in the clear. */
export interface StrategySecrets {
  read(strategyId: number): Promise<Record<string, string>>
}

/** More strategies than a site has; each change of one takes a place as well. */
const KEPT_STORES = 500

/**
 * The stores of the site's strategies. Each is made once; a strategy that has been changed gets another store, with the
 * secrets of then. A relative root lies below the data folder, and so does what is on its way to other machines.
 */
export class ObjectStores {
  readonly #dataDir: string
  readonly #secrets: StrategySecrets
  readonly #spool: TemporaryFiles
  readonly #stores = new LRUCache<string, ObjectStore>({ max: KEPT_STORES })

  constructor(options: { dataDir: string; secrets: StrategySecrets }) {
    this.#dataDir = options.dataDir
    this.#secrets = options.secrets
    this.#spool = new TemporaryFiles(join(options.dataDir, 'spool'))
  }

  get(strategy: StrategySettings): ObjectStore {
    const name = `${strategy.id} ${strategy.updatedAt}`
    const known = this.#stores.get(name)
    if (known !== undefined) {
      return known
    }
    const store = this.#open(strategy)
    this.#stores.set(name, store)
    return store
  }

  #open({ id, type, configs }: StrategySettings): ObjectStore {
    const spool = this.#spool
    const secrets = once(() => this.#secrets.read(id))
    switch (type) {
      case 'local':
        return new LocalObjectStore({
          root: resolve(this.#dataDir, requiredText(configs, 'root')),
        })
      case 'webdav':
        return new WebdavObjectStore({
          spool,
          endpoint: async () => ({
            url: webAddress(requiredText(configs, 'endpoint')).href.replace(/\/+$/, ''),
            username: textOf(configs, 'username'),
            password: textOf(await secrets(), 'password'),
          }),
        })
      default:
        return new S3ObjectStore({
          spool,
          endpoint: async () => S3_ENDPOINTS[type](configs, await secrets()),
        })
    }
  }
}

/** The first result for all; a failure is not kept. */
function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let first: Promise<Result> | null = null
  return () => {
    first ??= work().catch((error: unknown) => {
      first = null
      throw error
    })
    return first
  }
}
