import type pg from 'pg'
import type { EventCodec } from '#event_store/event_codec'
import type { StoredEvent } from '#event_store/stored_event'
import { guardChanges, isGuarded, type GuardChanges } from './guard_changes.ts'
import { GuardTally } from './guard_tally.ts'
import type { LogFault } from './log_fault.ts'
import { copyRows, parseLine, readLineHead, readLines } from './stored_lines.ts'

type Codec = Pick<EventCodec, 'decode' | 'encodeClaim'>

/** What the log made of one claim or budget less what the table holds, and the last event that changed it. */
interface Balance {
  rest: bigint
  position: number | null
}

interface NamedChange {
  name: string
  /** Whole; a `bigint` where a number would not be exact. */
  delta: number | bigint
}

const CLAIM = 'claim'
const BUDGET = 'budget'

/** What the tables hold, as names and numbers that take away what the log adds. */
const TABLE_ROWS = `
  select convert_to(concat_ws(E'\\n', '${CLAIM}', scope, value, stream), 'UTF8'), convert_to('-1', 'UTF8')
  from log.claims
  union all
  select convert_to(concat_ws(E'\\n', '${BUDGET}', scope), 'UTF8'), convert_to((-used)::text, 'UTF8')
  from log.budgets`

/** Compares the tables of claims and budgets with what the log makes of them. */
export class GuardCheck {
  readonly #codec: Codec
  readonly #tally = new GuardTally()

  constructor(codec: Codec) {
    this.#codec = codec
  }

  /** Takes the next events of the log that can claim or add up something. */
  async take(events: readonly StoredEvent[]): Promise<void> {
    for (const changes of await guardChanges(this.#codec, events)) {
      for (const { name, delta } of namedChanges(changes)) {
        this.#tally.add(name, delta)
      }
    }
  }

  /**
   * Compares with the tables, once the whole log was taken. Only when something differs is the log read again, for the
   * names that it may be.
   */
  async faults(client: pg.ClientBase): Promise<LogFault[]> {
    for await (const row of tableRows(client)) {
      this.#tally.add(row.name, row.delta)
    }
    const differing = this.#tally.differing()
    return differing.size === 0 ? [] : this.#lookInto(client, differing)
  }

  async #lookInto(client: pg.ClientBase, differing: ReadonlySet<number>): Promise<LogFault[]> {
    const balances = new Map<string, Balance>()
    const note = ({ name, delta }: NamedChange, position: number | null) => {
      if (differing.has(this.#tally.bucketOf(name))) {
        const known = balances.get(name) ?? { rest: 0n, position: null }
        balances.set(name, {
          rest: known.rest + BigInt(delta),
          position: position ?? known.position,
        })
      }
    }
    for await (const lines of readLines(client, { after: null, upTo: null })) {
      const guarded = lines.filter(({ line }) => isGuarded(readLineHead(line).type))
      for (const changes of await guardChanges(this.#codec, guarded.map(parseLine))) {
        namedChanges(changes).forEach((change) => note(change, changes.position))
      }
    }
    for await (const row of tableRows(client)) {
      note(row, null)
    }
    return [...balances].filter(([, { rest }]) => rest !== 0n).map(faultOf)
  }
}

function namedChanges({ stream, claims, budgets }: GuardChanges): NamedChange[] {
  return [
    ...claims.map(({ action, scope, value }) => ({
      name: `${CLAIM}\n${scope}\n${value}\n${stream}`,
      delta: action === 'take' ? 1 : -1,
    })),
    ...budgets.map(({ scope, delta }) => ({
      name: `${BUDGET}\n${scope}`,
      delta,
    })),
  ]
}

async function* tableRows(client: pg.ClientBase): AsyncGenerator<NamedChange> {
  for await (const rows of copyRows(client, TABLE_ROWS)) {
    for (const [name, delta] of rows) {
      yield { name: String(name), delta: wholeNumber(String(delta)) }
    }
  }
}

function wholeNumber(text: string): number | bigint {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}

/** A claim's value may stand for a person: it is not told. */
function faultOf([name, { rest, position }]: [string, Balance]): LogFault {
  const [table, scope, , stream] = name.split('\n')
  if (table === CLAIM) {
    const where = `A claim of ${stream} in "${scope}"`
    const message =
      rest > 0n ? `${where} is missing from its table` : `${where} was put into its table`
    return { kind: 'claim', position, message }
  }
  const difference = rest > 0n ? `${rest} too little` : `${-rest} too much`
  return { kind: 'budget', position, message: `Budget "${scope}" holds ${difference}` }
}
