import type pg from 'pg'

/** Positions from one to another, both inclusive. */
export interface PositionRange {
  first: number
  last: number
}

/**
 * How the log lies in PostgreSQL. What was read a while ago may lack what came since; events that were put away meanwhile, or
 * brought back, are noticed by who reads.
 */
export interface Layout {
  /** The last position whose event is in `log.event_index`. */
  indexed: number
  /** The last position that is in an archive, or 0. */
  archived: number
  /** The partitions of `log.events`, in order; the last one may have a successor by now. */
  partitions: readonly PositionRange[]
}

const KEPT_MILLISECONDS = 60_000

const LAYOUT = `select (select indexed from log.head) as indexed, log.archived() as archived,
  (select json_agg(json_build_object('first', first_position, 'last', last_position) order by first_position)
   from log.partitions) as partitions`

interface LayoutRow {
  indexed: string
  archived: string
  partitions: PositionRange[] | null
}

/** Knows the layout, and looks again when that was a while ago. */
export class LogLayout {
  readonly #pool: Pick<pg.Pool, 'query'>
  readonly #keptMilliseconds: number
  #known: Promise<Layout> | null = null
  #knownAt = 0

  constructor(pool: Pick<pg.Pool, 'query'>, keptMilliseconds = KEPT_MILLISECONDS) {
    this.#pool = pool
    this.#keptMilliseconds = keptMilliseconds
  }

  current(): Promise<Layout> {
    const isOld = performance.now() - this.#knownAt >= this.#keptMilliseconds
    return this.#known === null || isOld ? this.refresh() : this.#known
  }

  /** The layout as it is now. */
  refresh(): Promise<Layout> {
    const read = this.#read()
    this.#known = read
    this.#knownAt = performance.now()
    read.catch(() => {
      if (this.#known === read) {
        this.#known = null
      }
    })
    return read
  }

  async #read(): Promise<Layout> {
    const { rows } = await this.#pool.query<LayoutRow>({ name: 'layout', text: LAYOUT })
    const [row] = rows
    return {
      indexed: Number(row?.indexed ?? 0),
      archived: Number(row?.archived ?? 0),
      partitions: row?.partitions ?? [],
    }
  }
}

/**
 * The end of the next stretch to read after a position: a partition at a time, so that PostgreSQL does not plan for all of
 * them. Of the last two it reads on without an end, since they may not be the last any more.
 */
export function stretchEnd(
  partitions: readonly PositionRange[],
  after: number,
  upTo: number
): number {
  const ahead = partitions.filter(({ last }) => last > after)
  const [next] = ahead
  return next === undefined || ahead.length <= 2 ? upTo : Math.min(next.last, upTo)
}
