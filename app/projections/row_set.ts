import type { Row, RowKey, Rows } from './projection.ts'

interface Before {
  key: RowKey
  row: Row | undefined
  wasChanged: boolean
}

/** What is to be written: rows to insert or replace, and keys to delete; and the rows that were there before. */
export interface Changes {
  written: Row[]
  removed: RowKey[]
  before: Row[]
}

/** The rows of one batch in memory, with what changed; an event's changes can be taken back. */
export class RowSet implements Rows<Row> {
  readonly #keyColumn: string
  readonly #rows = new Map<RowKey, Row | undefined>()
  /** The rows that were changed, as they were loaded. */
  readonly #changed = new Map<RowKey, Row | undefined>()
  #journal: Before[] = []
  #open: readonly RowKey[] = []

  constructor(keyColumn: string, loaded: Iterable<[RowKey, Row]>) {
    this.#keyColumn = keyColumn
    for (const [key, row] of loaded) {
      this.#rows.set(key, row)
    }
  }

  get(key: RowKey): Row | undefined {
    this.#check(key)
    return this.#rows.get(key)
  }

  put(row: Row): void {
    const key = row[this.#keyColumn]
    if (typeof key !== 'number' && typeof key !== 'string') {
      throw new TypeError(`A row has no key in "${this.#keyColumn}"`)
    }
    this.#check(key)
    this.#change(key, row)
  }

  remove(key: RowKey): void {
    this.#check(key)
    if (this.#rows.get(key) !== undefined) {
      this.#change(key, undefined)
    }
  }

  /** Runs one event's changes to the rows of these keys: all of them stay, or none when it throws. */
  attempt(keys: readonly RowKey[], changes: () => void): void {
    this.#open = keys
    this.#journal = []
    try {
      changes()
    } catch (error) {
      for (const { key, row, wasChanged } of this.#journal.reverse()) {
        this.#rows.set(key, row)
        if (!wasChanged) {
          this.#changed.delete(key)
        }
      }
      throw error
    }
  }

  changes(): Changes {
    const written: Row[] = []
    const removed: RowKey[] = []
    const before: Row[] = []
    for (const [key, loaded] of this.#changed) {
      const row = this.#rows.get(key)
      if (loaded !== undefined) {
        before.push(loaded)
      }
      if (row === undefined) {
        removed.push(key)
      } else {
        written.push(row)
      }
    }
    return { written, removed, before }
  }

  /** A row that was not asked for is in memory by chance only: what came of it would depend on the batch. */
  #check(key: RowKey) {
    if (!this.#open.includes(key)) {
      throw new RangeError(`The event did not name the row "${key}"`)
    }
  }

  #change(key: RowKey, row: Row | undefined) {
    const wasChanged = this.#changed.has(key)
    const current = this.#rows.get(key)
    this.#journal.push({ key, row: current, wasChanged })
    if (!wasChanged) {
      this.#changed.set(key, current)
    }
    this.#rows.set(key, row)
  }
}
