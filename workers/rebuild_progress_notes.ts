import type pg from 'pg'
import type { RebuildProgress } from '#projections/rebuild'

const EVERY_MILLISECONDS = 500

/** Writes down how far rebuilds are, now and then, for administrators to see. */
export class RebuildProgressNotes {
  readonly #pool: pg.Pool
  #phase = ''
  #notedAt = 0
  #writing: Promise<unknown> = Promise.resolve()

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  async begin(projection: string): Promise<void> {
    await this.#pool.query(
      `insert into run.rebuild_progress (projection, phase, position, head)
       values ($1, 'fill', 0, (select position from log.head))
       on conflict (projection) do update set
         phase = excluded.phase, position = 0, head = excluded.head, started_at = now(), updated_at = now()`,
      [projection]
    )
  }

  /** A note that cannot be written is not worth a rebuild. */
  note({ projection, phase, position, head }: RebuildProgress): void {
    const now = performance.now()
    if (phase === this.#phase && now - this.#notedAt < EVERY_MILLISECONDS) {
      return
    }
    this.#phase = phase
    this.#notedAt = now
    const isFill = phase === 'fill'
    this.#writing = this.#writing
      .then(() =>
        this.#pool.query(
          `update run.rebuild_progress set phase = $2, updated_at = now(),
             position = case when $5 then $3::bigint else position end,
             head = case when $5 then $4::bigint else head end
           where projection = $1`,
          [projection, phase, position, head, isFill]
        )
      )
      .catch(() => {})
  }

  async end(projection: string): Promise<void> {
    await this.#writing
    await this.#pool.query('delete from run.rebuild_progress where projection = $1', [projection])
  }
}
