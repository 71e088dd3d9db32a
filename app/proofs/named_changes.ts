import type pg from 'pg'
import type { GuardChanges } from './guard_changes.ts'
import type { GuardTally } from './guard_tally.ts'
import { visitRows } from './copy_out.ts'

/** One change of a claim or a budget, by a name that says which. */
export interface NamedChange {
  name: string
  /** Whole; a `bigint` where a number would not be exact. */
  delta: number | bigint
}

export const CLAIM = 'claim'
export const BUDGET = 'budget'

/** The tables that guards are kept in. */
export type GuardTable = 'claims' | 'budgets'
export const GUARD_TABLES: readonly GuardTable[] = ['claims', 'budgets']

/** What a table holds, as names and numbers that take away what the log adds. */
const TABLE_ROWS = {
  claims: `
    select convert_to(concat_ws(E'\\n', '${CLAIM}', scope, value, stream), 'UTF8'), convert_to('-1', 'UTF8')
    from log.claims`,
  budgets: `
    select convert_to(concat_ws(E'\\n', '${BUDGET}', scope), 'UTF8'), convert_to((-used)::text, 'UTF8')
    from log.budgets`,
}

export function namedChanges({ stream, claims, budgets }: GuardChanges): NamedChange[] {
  return [
    ...claims.map(({ action, scope, value }) => ({
      name: `${CLAIM}\n${scope}\n${value}\n${stream}`,
      delta: action === 'take' ? 1 : -1,
    })),
    ...budgets.map(({ scope, delta }) => ({ name: `${BUDGET}\n${scope}`, delta })),
  ]
}

/** Adds what an event of the log changed. */
export function addChanges(tally: GuardTally, changes: GuardChanges): void {
  for (const { name, delta } of namedChanges(changes)) {
    tally.add(name, delta)
  }
}

/** Shows what a table holds, row by row. */
export function visitTable(
  client: pg.ClientBase,
  table: GuardTable,
  visit: (change: NamedChange) => void
): Promise<void> {
  return visitRows(client, TABLE_ROWS[table], ([name, delta]) =>
    visit({ name: String(name), delta: wholeNumber(String(delta)) })
  )
}

function wholeNumber(text: string): number | bigint {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : BigInt(text)
}
