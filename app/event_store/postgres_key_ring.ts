import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import type pg from 'pg'
import type { KeyRing } from './key_ring.ts'
import { derivePurposeKey, open, seal } from './sealing.ts'

/** How long another process may go on reading with a key that was erased here. */
const CACHE_MILLISECONDS = 5_000
const CACHE_ENTRIES = 50_000

interface CachedKey {
  key: KeyObject | null
  until: number
}

/** Keys in `secrets.personal_keys`, each wrapped with a key derived from the site's. */
export class PostgresKeyRing implements KeyRing {
  readonly #pool: pg.Pool
  readonly #wrappingKey: KeyObject
  readonly #cache = new Map<string, CachedKey>()

  constructor(pool: pg.Pool, siteKey: string) {
    this.#pool = pool
    this.#wrappingKey = derivePurposeKey(siteKey, 'personal keys')
  }

  async obtain(subjects: readonly string[]) {
    const found = this.#fromCache(subjects)
    const missing = subjects.filter((subject) => !found.get(subject))
    if (missing.length === 0) {
      return found
    }
    await this.#pool.query({
      name: 'key_ring_obtain',
      text: `insert into secrets.personal_keys (subject, wrapped_key)
             select * from unnest($1::text[], $2::bytea[]) on conflict (subject) do nothing`,
      values: [
        missing,
        missing.map((subject) => seal(this.#wrappingKey, randomBytes(32), subject)),
      ],
    })
    return this.#load(missing, found)
  }

  async find(subjects: readonly string[]) {
    const found = this.#fromCache(subjects)
    const missing = subjects.filter((subject) => !found.has(subject))
    return missing.length === 0 ? found : this.#load(missing, found)
  }

  async erase(subject: string) {
    await this.#pool.query(
      `insert into secrets.personal_keys as k (subject, wrapped_key, erased_at) values ($1, null, now())
       on conflict (subject) do update set wrapped_key = null, erased_at = coalesce(k.erased_at, now())`,
      [subject]
    )
    this.#cache.delete(subject)
  }

  #fromCache(subjects: readonly string[]) {
    const now = Date.now()
    const found = new Map<string, KeyObject | null>()
    for (const subject of subjects) {
      const cached = this.#cache.get(subject)
      if (cached && cached.until > now) {
        found.set(subject, cached.key)
      }
    }
    return found
  }

  async #load(subjects: readonly string[], into: Map<string, KeyObject | null>) {
    const { rows } = await this.#pool.query<{ subject: string; wrapped_key: Buffer | null }>({
      name: 'key_ring_load',
      text: 'select subject, wrapped_key from secrets.personal_keys where subject = any($1::text[])',
      values: [subjects],
    })
    const loaded = new Map(rows.map((row) => [row.subject, row.wrapped_key]))
    if (this.#cache.size > CACHE_ENTRIES) {
      this.#cache.clear()
    }
    const until = Date.now() + CACHE_MILLISECONDS
    for (const subject of subjects) {
      const wrapped = loaded.get(subject) ?? null
      const key =
        wrapped === null ? null : createSecretKey(open(this.#wrappingKey, wrapped, subject))
      into.set(subject, key)
      this.#cache.set(subject, { key, until })
    }
    return into
  }
}
