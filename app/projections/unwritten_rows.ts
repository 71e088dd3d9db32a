import type { RowSource } from './fold.ts'
import type { Row, RowKey } from './projection.ts'
import type { Changes } from './row_set.ts'
import type { Client, ReadModelTable } from './table.ts'

/** A row, or `null` where there is none. */
type Known = Row | null

const MOST_ROWS = 10_000

/**
 * The rows of a table that nobody else writes to, from when it was empty: the last that were changed are in memory, and
 * most changes of a row are over before it is written. Until the first is written all rows are in memory, and beyond the
 * highest number that was ever a key no row lies: the table is not asked in vain, behind a long write at that.
 */
export class UnwrittenRows implements RowSource {
  readonly #client: Client
  readonly #table: ReadModelTable
  readonly #mostRows: number
  /** The row that was changed last comes last. */
  readonly #rows = new Map<RowKey, Known>()
  readonly #unwritten = new Set<RowKey>()
  #highest = 0
  #isTableEmpty = true
  #writing: Promise<unknown> = Promise.resolve()

  constructor(client: Client, table: ReadModelTable, mostRows = MOST_ROWS) {
    this.#client = client
    this.#table = table
    this.#mostRows = mostRows
  }

  async load(keys: ReadonlySet<RowKey>): Promise<Array<[RowKey, Row]>> {
    const found: Array<[RowKey, Row]> = []
    const unknown: RowKey[] = []
    for (const key of keys) {
      const row = this.#rows.get(key)
      if (row === undefined && this.#canLieInTable(key)) {
        unknown.push(key)
      } else if (row) {
        found.push([key, row])
      }
    }
    return unknown.length === 0
      ? found
      : [...found, ...(await this.#table.load(this.#client, unknown))]
  }

  #canLieInTable(key: RowKey): boolean {
    return !this.#isTableEmpty && !(typeof key === 'number' && key > this.#highest)
  }

  /** Takes changes; writes the older ones when there are too many. One write is under way at a time. */
  async take({ written, removed }: Changes): Promise<void> {
    for (const row of written) {
      this.#note(this.#table.keyOf(row), row)
    }
    for (const key of removed) {
      this.#note(key, null)
    }
    if (this.#rows.size > this.#mostRows) {
      await this.#writing
      this.#write(this.#rows.size - this.#mostRows / 2)
    }
  }

  /** Resolves when all is written. */
  async flush(): Promise<void> {
    await this.#writing
    this.#write(this.#rows.size)
    await this.#writing
  }

  #note(key: RowKey, row: Known): void {
    this.#rows.delete(key)
    this.#rows.set(key, row)
    this.#unwritten.add(key)
    this.#highest = Math.max(
      this.#highest,
      typeof key === 'number' ? key : Number.POSITIVE_INFINITY
    )
  }

  /** Forgets the oldest rows. What was not written is sent, so that whoever loads it afterwards finds it. */
  #write(count: number): void {
    const written: Row[] = []
    const removed: RowKey[] = []
    let left = count
    for (const [key, row] of this.#rows) {
      if (left <= 0) {
        break
      }
      left -= 1
      this.#rows.delete(key)
      if (!this.#unwritten.delete(key)) {
        continue
      }
      if (row === null) {
        removed.push(key)
      } else {
        written.push(row)
      }
    }
    this.#isTableEmpty &&= written.length === 0
    const statements = [
      ...(removed.length > 0 ? [this.#table.removal(removed)] : []),
      ...(written.length > 0 ? [this.#table.upsert(written)] : []),
    ]
    this.#writing = Promise.all(statements.map((statement) => this.#client.query(statement)))
    // Whoever writes or flushes next is told.
    this.#writing.catch(() => {})
  }
}
