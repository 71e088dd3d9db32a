import type pg from 'pg'

/** A row as PostgreSQL sends it, in text. */
export type StampFields = [subject: string, stamp: string, at: string]

const STATEMENT = 'read_stamps'

/** Prepares what a `StampQuery` runs; once on each connection. */
export async function prepareStampQuery(client: pg.Client): Promise<void> {
  await client.query(
    `prepare ${STATEMENT} (bigint[]) as
     select subject, stamp, date_part('epoch', now()) * 1000 from run.read_stamps where subject = any($1)`
  )
}

type Outcome = (error: unknown, rows: StampFields[]) => void

/**
 * Reads stamps over the messages of a prepared statement that are needed, and no others: it runs for each request, and
 * a query as node-postgres makes it costs more than PostgreSQL takes to answer. The methods are those that
 * node-postgres calls.
 */
export class StampQuery implements pg.Submittable {
  /** node-postgres puts its time-out around it. */
  callback: Outcome
  readonly #messages: Buffer
  readonly #rows: StampFields[] = []

  constructor(subjects: readonly number[], callback: Outcome) {
    this.#messages = messagesFor(`{${subjects.join(',')}}`)
    this.callback = callback
  }

  submit({ stream }: pg.Connection): void {
    stream.write(this.#messages)
  }

  handleDataRow({ fields }: { fields: StampFields }): void {
    this.#rows.push(fields)
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#rows)
  }

  handleCommandComplete(): void {}

  handleError(error: unknown): void {
    this.callback(error, [])
  }
}

/** Execute without a bound on rows, and Sync. */
const RUN = Buffer.from('E\0\0\0\t\0\0\0\0\0S\0\0\0\x04', 'latin1')

/** Bind (the unnamed portal, the statement, one parameter; all in text) and what runs it, to be sent in one piece. */
function messagesFor(parameter: string): Buffer {
  const bind = `\0${STATEMENT}\0\0\0\0\x01`
  const length = 4 + bind.length + 4 + parameter.length + 2
  const messages = Buffer.alloc(1 + length + RUN.length)
  messages.write('B', 0, 'latin1')
  let at = messages.writeInt32BE(length, 1)
  at += messages.write(bind, at, 'latin1')
  at = messages.writeInt32BE(parameter.length, at)
  at += messages.write(parameter, at, 'latin1')
  RUN.copy(messages, at + 2)
  return messages
}
