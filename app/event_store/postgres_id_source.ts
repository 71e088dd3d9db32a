import type pg from 'pg'
import type { EntityKind } from '#domain/entity_kind'

/** How many ids a busy kind draws at once; what is not used when the process ends is skipped. */
const BLOCK = 16

/** Integer ids from the log's sequences, drawn in blocks so that an upload seldom waits for one. */
export class PostgresIdSource {
  readonly #pool: pg.Pool
  readonly #drawn = new Map<EntityKind, number[]>()
  readonly #drawing = new Map<EntityKind, Promise<void>>()

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  async next(kind: EntityKind): Promise<number> {
    for (;;) {
      const id = this.#drawn.get(kind)?.shift()
      if (id !== undefined) {
        return id
      }
      const drawing = this.#drawing.get(kind) ?? this.#draw(kind)
      this.#drawing.set(kind, drawing)
      await drawing
    }
  }

  async #draw(kind: EntityKind): Promise<void> {
    try {
      const { rows } = await this.#pool.query<{ id: string }>(
        'select nextval($1::regclass) as id from generate_series(1, $2)',
        [`log.${kind}_ids`, kind === 'image' ? BLOCK : 1]
      )
      this.#drawn.set(
        kind,
        rows.map(({ id }) => Number(id))
      )
    } finally {
      this.#drawing.delete(kind)
    }
  }
}
