import { setTimeout as delay } from 'node:timers/promises'
import { settleAppend, type AppendAnswer } from './append_errors.ts'
import { EventStoreUnavailableError } from './errors.ts'
import type { EncodedAppend } from './event_codec.ts'
import { GroupCommit } from './group_commit.ts'
import type { AppendOutcome, ExpectedVersion } from './port.ts'
import { addRoom, hadNoRoom } from './log_room.ts'
import { PostgresConnection } from './postgres_connection.ts'
import { isPassingFailure } from './postgres_failure.ts'
import { postgresSession } from './postgres_session.ts'
import { encodeTextArray } from './text_array.ts'

const BATCH_BOUNDS = { items: 512, weight: 4 * 1024 * 1024 }
/** How long an append waits for PostgreSQL to come back before it is answered as unavailable. */
const PATIENCE_MILLISECONDS = 4_000
const STATEMENT_MILLISECONDS = 10_000
const RETRY_MILLISECONDS = 50
/**
 * All that an append looks at it finds by a key. Plans that are made once, while tables are new and small, would walk
 * through them instead, and go on so while they grow.
 */
const BY_KEY = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
]

const APPEND = `select ordinal, status, version, first_position, last_position, detail from log.append_batch(
  $1::text[], $2::integer[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[],
  $9::integer[], $10::text[]::uuid[], $11::text[], $12::integer[], $13::text[], $14::boolean)`

interface AppendRow {
  ordinal: number
  status: AppendAnswer['status']
  version: number | null
  first_position: string | null
  last_position: string | null
  detail: Record<string, string | number> | null
}

/** Sends appends to `log.append_batch`, batched by group commit over one connection in autocommit. */
export class PostgresAppender {
  readonly #connection: PostgresConnection
  readonly #groupCommit: GroupCommit<EncodedAppend, AppendOutcome>
  readonly #committed: (position: number) => void

  /** `committed` is told the last position of every batch that wrote. */
  constructor(connectionString: string, committed: (position: number) => void) {
    this.#connection = new PostgresConnection(
      postgresSession(connectionString, {
        patience: STATEMENT_MILLISECONDS,
        settings: ['synchronous_commit=on', 'jit=off', ...BY_KEY],
      })
    )
    this.#committed = committed
    this.#groupCommit = new GroupCommit({
      bounds: BATCH_BOUNDS,
      conflictKey: (append) => append.command?.id ?? null,
      write: (appends) => this.#write(appends),
    })
  }

  append(append: EncodedAppend): Promise<AppendOutcome> {
    const weight = append.events.reduce(
      (sum, { data }) => sum + data.length,
      append.metadata.length
    )
    return this.#groupCommit.submit(append, weight)
  }

  /** Waits for what is in hand, then closes. */
  async close() {
    await this.#groupCommit.drained()
    await this.#connection.close()
  }

  async #write(appends: EncodedAppend[]): Promise<Array<PromiseSettledResult<AppendOutcome>>> {
    const deadline = Date.now() + PATIENCE_MILLISECONDS
    let lostContact = false
    let lacksRoom = false
    for (;;) {
      try {
        if (lacksRoom) {
          await addRoom(await this.#connection.client(), countEvents(appends))
          lacksRoom = false
        }
        return this.#settle(appends, await this.#send(appends, lostContact), lostContact)
      } catch (error) {
        if (hadNoRoom(error)) {
          if (Date.now() > deadline) {
            throw new EventStoreUnavailableError('Others take the room of the log', {
              cause: error,
            })
          }
          lacksRoom = true
          continue
        }
        if (!isPassingFailure(error)) {
          if (appends.length === 1) {
            throw error
          }
          return this.#writeOneByOne(appends)
        }
        this.#connection.discard()
        if (Date.now() > deadline) {
          throw new EventStoreUnavailableError('PostgreSQL cannot be reached', { cause: error })
        }
        lostContact = true
        await delay(RETRY_MILLISECONDS)
      }
    }
  }

  /** One append that PostgreSQL cannot digest must not fail its neighbours. */
  async #writeOneByOne(appends: EncodedAppend[]) {
    const outcomes: Array<PromiseSettledResult<AppendOutcome>> = []
    for (const append of appends) {
      try {
        outcomes.push(...(await this.#write([append])))
      } catch (reason) {
        outcomes.push({ status: 'rejected', reason })
      }
    }
    return outcomes
  }

  async #send(appends: EncodedAppend[], checkIds: boolean): Promise<AppendRow[]> {
    const client = await this.#connection.client()
    const { rows } = await client.query<AppendRow>({
      name: 'append_batch',
      text: APPEND,
      values: batchParameters(appends, checkIds),
    })
    return rows
  }

  #settle(appends: EncodedAppend[], rows: AppendRow[], lostContact: boolean) {
    let last = 0
    const outcomes = appends.map((append, index) => {
      const row = rows[index]
      if (row === undefined || row.ordinal !== index + 1) {
        throw new Error('append_batch answered rows that do not match the appends')
      }
      const answer = readAnswer(row)
      if (answer.status === 'appended') {
        last = answer.lastPosition
      }
      return settleAppend(append, lostContact ? recognise(append, answer) : answer)
    })
    if (last > 0) {
      this.#committed(last)
    }
    return outcomes
  }
}

function countEvents(appends: readonly EncodedAppend[]): number {
  return appends.reduce((sum, { events }) => sum + events.length, 0)
}

/**
 * After contact was lost the batch is sent again. An event that is there already was written by the first try: its id
 * was drawn for this append alone.
 */
function recognise(append: EncodedAppend, answer: AppendAnswer): AppendAnswer {
  if (
    answer.status !== 'duplicate_event' ||
    answer.id !== append.events[0]?.id ||
    answer.stream !== append.stream
  ) {
    return answer
  }
  const others = append.events.length - 1
  return {
    status: 'appended',
    version: answer.version + others,
    firstPosition: answer.position,
    lastPosition: answer.position + others,
  }
}

function readAnswer({ status, version, first_position, last_position, detail }: AppendRow) {
  return {
    status,
    version,
    firstPosition: Number(first_position),
    lastPosition: Number(last_position),
    ...detail,
  } as AppendAnswer
}

const EXPECTED_ANY = -1
const EXPECTED_EXISTS = -2

function encodeExpected(expected: ExpectedVersion): number {
  switch (expected) {
    case 'any':
      return EXPECTED_ANY
    case 'exists':
      return EXPECTED_EXISTS
    case 'none':
      return 0
    default:
      return expected
  }
}

function encodeGuards({ claims, budgets }: EncodedAppend): string | null {
  if (claims.length === 0 && budgets.length === 0) {
    return null
  }
  return JSON.stringify({
    claims: claims.map(({ action, scope, value }) => [action, scope, value]),
    budgets: budgets.map(({ scope, delta, limit }) => [scope, delta, limit]),
  })
}

/** The parameters of `log.append_batch`, column by column; see the function's comment for their meaning. */
function batchParameters(appends: EncodedAppend[], lostContact: boolean) {
  const lastOfStream = new Map<string, number>()
  const previous = appends.map(({ stream }, index) => {
    const earlier = lastOfStream.get(stream) ?? 0
    lastOfStream.set(stream, index + 1)
    return earlier
  })
  const events = appends.flatMap((append) => append.events)
  return [
    encodeTextArray(appends.map(({ stream }) => stream)),
    appends.map(({ expectedVersion }) => encodeExpected(expectedVersion)),
    previous,
    appends.map((append) => append.events.length),
    encodeTextArray(appends.map(({ metadata }) => metadata)),
    encodeTextArray(appends.map(({ command }) => command?.id ?? null)),
    encodeTextArray(appends.map(({ command }) => command?.fingerprint ?? null)),
    encodeTextArray(appends.map(encodeGuards)),
    appends.flatMap((append, index) => append.events.map(() => index + 1)),
    encodeTextArray(events.map(({ id }) => id)),
    encodeTextArray(events.map(({ type }) => type)),
    events.map(({ schemaVersion }) => schemaVersion),
    encodeTextArray(events.map(({ data }) => data)),
    lostContact || appends.some(({ hasGivenIds }) => hasGivenIds),
  ]
}
