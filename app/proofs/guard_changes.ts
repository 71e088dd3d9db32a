import { budgetsOf, claimsOf, GUARDED_TYPES, type BudgetChange, type Claim } from '#domain/guards'
import type { DomainEvent } from '#domain/catalogue'
import { categoryOf } from '#domain/streams'
import type { EventCodec } from '#event_store/event_codec'
import { readClearData } from '#event_store/recorded_event'
import type { StoredEvent } from '#event_store/stored_event'

/** What an event claims, gives back and adds up, as the log keeps it. */
export interface GuardChanges {
  position: number
  stream: string
  claims: Claim[]
  budgets: BudgetChange[]
}

/** Whether an event of this type can claim or add up anything. */
export function isGuarded(type: string): boolean {
  return GUARDED_TYPES.has(type)
}

/** An event whose payload says nothing that could be understood, although its hash fits. */
export class UnreadableEventError extends Error {
  override name = 'UnreadableEventError'
  readonly position: number

  constructor(position: number, options: ErrorOptions) {
    super(`Event ${position} cannot be read`, options)
    this.position = position
  }
}

/** Accounts claim addresses, which are sealed; all else is read without anyone's key. */
export function isSealed({ stream }: Pick<StoredEvent, 'stream'>): boolean {
  return categoryOf(stream) === 'account'
}

/**
 * Derives claims and budgets from an event that is not sealed.
 *
 * @throws UnreadableEventError
 */
export function clearChanges(stored: StoredEvent): GuardChanges {
  return changesOf(stored, () => readClearData(stored))
}

/**
 * Derives claims and budgets from stored events, in their order.
 *
 * @throws UnreadableEventError
 */
export async function guardChanges(
  codec: Pick<EventCodec, 'decode' | 'encodeClaim'>,
  stored: readonly StoredEvent[]
): Promise<GuardChanges[]> {
  const sealed = await codec.decode(stored.filter(isSealed))
  const opened = new Map(sealed.map((event) => [event.position, event] as const))
  return stored.map((one) => {
    const event = opened.get(one.position)
    if (event === undefined) {
      return clearChanges(one)
    }
    const { claims, ...changes } = changesOf(one, () => event)
    return { ...changes, claims: claims.map((claim) => codec.encodeClaim(claim)) }
  })
}

function changesOf({ position, stream }: StoredEvent, read: () => DomainEvent): GuardChanges {
  try {
    const event = read()
    return { position, stream, claims: claimsOf(event), budgets: budgetsOf(event).map(wholeBudget) }
  } catch (error) {
    throw new UnreadableEventError(position, { cause: error })
  }
}

function wholeBudget(change: BudgetChange): BudgetChange {
  if (!Number.isSafeInteger(change.delta)) {
    throw new TypeError(`Budget "${change.scope}" cannot change by ${change.delta}`)
  }
  return change
}
