import type { DomainEvent } from './catalogue.ts'

/**
 * Claims and budgets follow from the events alone, so that their tables can be rebuilt from the log.
 * A claim makes a value unique within a scope; a budget is a sum that a command may bound.
 */
export interface Claim {
  action: 'take' | 'release'
  scope: 'email' | 'image_key' | 'first_admin'
  value: string
}

export interface BudgetChange {
  scope: string
  delta: number
}

export const accountBytesScope = (accountId: number) => `account_bytes:${accountId}`
export const guestBytesScope = 'guest_bytes'
export const objectReferencesScope = (strategyId: number, objectKey: string) =>
  `object_references:${strategyId}:${objectKey}`

/** E-mail addresses are compared without regard to case or surrounding blanks. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase()
}

/** The claims that an event takes or gives back. A forgotten person's address claims nothing. */
export function claimsOf(event: DomainEvent): Claim[] {
  switch (event.type) {
    case 'account.registered': {
      const claims: Claim[] = []
      if (event.data.email !== null) {
        claims.push({ action: 'take', scope: 'email', value: normalizeEmail(event.data.email) })
      }
      if (event.data.origin === 'setup') {
        claims.push({ action: 'take', scope: 'first_admin', value: 'first_admin' })
      }
      return claims
    }
    case 'image.uploaded':
      return [{ action: 'take', scope: 'image_key', value: event.data.key }]
    default:
      return []
  }
}

/** The sums that an event changes: bytes by owner, and how many images refer to a stored object. */
export function budgetsOf(event: DomainEvent): BudgetChange[] {
  switch (event.type) {
    case 'image.uploaded':
      return imageBudgets(event.data, 1)
    case 'image.deleted':
    case 'image.expired':
      return imageBudgets(event.data, -1)
    default:
      return []
  }
}

function imageBudgets(
  image: { owner_id: number | null; size_bytes: number; strategy_id: number; object_key: string },
  sign: 1 | -1
): BudgetChange[] {
  const owner = image.owner_id === null ? guestBytesScope : accountBytesScope(image.owner_id)
  return [
    { scope: owner, delta: sign * image.size_bytes },
    { scope: objectReferencesScope(image.strategy_id, image.object_key), delta: sign },
  ]
}
