import type pg from 'pg'
import { BinaryCopyParser } from './binary_copy.ts'

/**
 * Has PostgreSQL send the rows of a query in binary, and shows each to `visit` when it is there: nothing is kept, and the
 * sender waits while the visitor works. A row's fields are to be used before `visit` returns: their memory is used again.
 */
export function visitRows(
  client: pg.ClientBase,
  query: string,
  visit: (fields: readonly Buffer[]) => void
): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyOut(query, visit, { resolve, reject }))
  })
}

/** A query as `pg` takes them: it is told of each message that comes for it. */
class CopyOut implements pg.Submittable {
  readonly #query: string
  readonly #visit: (fields: readonly Buffer[]) => void
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void }
  readonly #parser = new BinaryCopyParser()

  constructor(
    query: string,
    visit: (fields: readonly Buffer[]) => void,
    settle: { resolve: () => void; reject: (error: unknown) => void }
  ) {
    this.#query = query
    this.#visit = visit
    this.#settle = settle
  }

  submit(connection: pg.Connection): void {
    connection.query(`copy (${this.#query}) to stdout (format binary)`)
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    try {
      for (const row of this.#parser.push(chunk)) {
        this.#visit(row)
      }
    } catch (error) {
      this.#settle.reject(error)
    }
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#settle.resolve()
  }

  handleError(error: unknown): void {
    this.#settle.reject(error)
  }
}
