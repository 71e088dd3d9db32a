import type pg from 'pg'
import type { StrategyArchives } from '#event_store/archive_store'
import type { EventCodec } from '#event_store/event_codec'
import type { StoredEvent } from '#event_store/stored_event'
import { guardChanges, isGuarded } from './guard_changes.ts'
import { GuardTally } from './guard_tally.ts'
import type { LogFault } from './log_fault.ts'
import {
  addChanges,
  CLAIM,
  GUARD_TABLES,
  namedChanges,
  visitTable,
  type NamedChange,
} from './named_changes.ts'
import { parseLine, readLineHead, readLines } from './stored_lines.ts'

type Codec = Pick<EventCodec, 'decode' | 'encodeClaim'>

/** What the log made of one claim or budget less what the table holds, and the last event that changed it. */
interface Balance {
  rest: bigint
  position: number | null
}

/** Compares the tables of claims and budgets with what the log makes of them. */
export class GuardCheck {
  readonly #codec: Codec
  readonly #archives: StrategyArchives | undefined
  readonly #tally: GuardTally

  /** @param seed The secret of the moment, see `GuardTally` */
  constructor(codec: Codec, seed: string, archives?: StrategyArchives) {
    this.#codec = codec
    this.#archives = archives
    this.#tally = new GuardTally(seed)
  }

  /**
   * Takes events whose claims only a key tells.
   *
   * @throws UnreadableEventError
   */
  async takeSealed(events: readonly StoredEvent[]): Promise<void> {
    for (const changes of await guardChanges(this.#codec, events)) {
      addChanges(this.#tally, changes)
    }
  }

  /** Takes what the rest of the log and the tables come to, summed up elsewhere under the same seed. */
  takeSums(sums: readonly Float64Array[]): void {
    this.#tally.merge(sums)
  }

  /** Compares, once all was taken. Only when something differs is the log read again, for the names that it may be. */
  async faults(client: pg.ClientBase): Promise<LogFault[]> {
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
    const all = { after: null, upTo: null }
    for await (const lines of readLines(client, all, this.#archives)) {
      const guarded = lines.filter(({ line }) => isGuarded(readLineHead(line).type))
      for (const changes of await guardChanges(this.#codec, guarded.map(parseLine))) {
        namedChanges(changes).forEach((change) => note(change, changes.position))
      }
    }
    for (const table of GUARD_TABLES) {
      await visitTable(client, table, (change) => note(change, null))
    }
    return [...balances].filter(([, { rest }]) => rest !== 0n).map(faultOf)
  }
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
