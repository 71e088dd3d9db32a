import type { KeyObject } from 'node:crypto'
import type pg from 'pg'
import { derivePurposeKey, open, seal } from '#event_store/sealing'

/** Secrets of storage strategies in `secrets.strategy_secrets`, sealed under a key derived from the site's. */
export class PostgresStrategySecretStore {
  readonly #pool: pg.Pool
  readonly #key: KeyObject

  constructor(pool: pg.Pool, siteKey: string) {
    this.#pool = pool
    this.#key = derivePurposeKey(siteKey, 'strategy secrets')
  }

  /** Replaces the named ones, leaves the others. */
  async put(strategyId: number, secrets: Readonly<Record<string, string>>): Promise<void> {
    const fields = Object.keys(secrets)
    if (fields.length === 0) {
      return
    }
    const sealed = Object.entries(secrets).map(([field, value]) =>
      seal(this.#key, Buffer.from(value), contextOf(strategyId, field))
    )
    await this.#pool.query(
      `insert into secrets.strategy_secrets (strategy_id, field, sealed)
       select $1, field, sealed from unnest($2::text[], $3::bytea[]) as s(field, sealed)
       on conflict (strategy_id, field) do update set sealed = excluded.sealed, updated_at = now()`,
      [strategyId, fields, sealed]
    )
  }

  async remove(strategyId: number): Promise<void> {
    await this.#pool.query('delete from secrets.strategy_secrets where strategy_id = $1', [
      strategyId,
    ])
  }

  /** A strategy's secrets in the clear, by field. */
  async read(strategyId: number): Promise<Record<string, string>> {
    const { rows } = await this.#pool.query<{ field: string; sealed: Buffer }>({
      name: 'strategy_secrets',
      text: 'select field, sealed from secrets.strategy_secrets where strategy_id = $1',
      values: [strategyId],
    })
    return Object.fromEntries(
      rows.map(({ field, sealed }) => [
        field,
        open(this.#key, sealed, contextOf(strategyId, field)).toString(),
      ])
    )
  }
}

/** A sealed secret cannot be moved to another strategy or field. */
function contextOf(strategyId: number, field: string): string {
  return `strategy ${strategyId} ${field}`
}
