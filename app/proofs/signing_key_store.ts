import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import type pg from 'pg'
import { derivePurposeKey, open, seal } from '#event_store/sealing'
import type { SigningKey } from './checkpoint.ts'

interface KeyRow {
  site_id: string
  sealed: Buffer
}

/**
 * The site's key for checkpoints, in `secrets.signing_key`, sealed under a key derived from the site's: whoever can
 * write the database alone cannot sign. Beside the other secrets, since a site may run on several machines.
 */
export class PostgresSigningKeyStore {
  readonly #pool: pg.Pool
  readonly #siteKey: string

  constructor(pool: pg.Pool, siteKey: string) {
    this.#pool = pool
    this.#siteKey = siteKey
  }

  /** The key, made when it is first asked for. */
  async obtain(): Promise<SigningKey> {
    const wrapping = derivePurposeKey(this.#siteKey, 'checkpoints')
    const siteId = randomUUID()
    const { privateKey } = generateKeyPairSync('ed25519')
    const exported = privateKey.export({ format: 'der', type: 'pkcs8' })
    await this.#pool.query(
      `insert into secrets.signing_key (site_id, sealed) values ($1, $2) on conflict do nothing`,
      [siteId, seal(wrapping, exported, siteId)]
    )
    const { rows } = await this.#pool.query<KeyRow>(
      'select site_id, sealed from secrets.signing_key'
    )
    const row = rows[0]
    if (row === undefined) {
      throw new Error('The key for checkpoints is gone')
    }
    const key = createPrivateKey({
      key: open(wrapping, row.sealed, row.site_id),
      format: 'der',
      type: 'pkcs8',
    })
    return {
      origin: `picfast/${row.site_id}`,
      privateKey: key,
      publicKey: createPublicKey(key),
    }
  }
}
