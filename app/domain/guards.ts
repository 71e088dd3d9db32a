import type { AccountRole } from './account/events.ts'
import type { DomainEvent, EventType } from './catalogue.ts'
import { normalizeEmail } from './values.ts'

/**
 * Claims and budgets follow from the events alone, so that their tables can be rebuilt from the log.
 * A claim makes a value unique within a scope; a budget is a sum that a command may bound.
 */
export interface Claim {
  action: 'take' | 'release'
  scope: 'email' | 'image_key' | 'first_admin' | 'stored_object' | 'object_key'
  value: string
}

export interface BudgetChange {
  scope: string
  delta: number
}

export const accountBytesScope = (accountId: number) => `account_bytes:${accountId}`
export const guestBytesScope = 'guest_bytes'
/** How the scopes begin that say how many images refer to an object. */
export const OBJECT_REFERENCES = 'object_references:'
export const objectReferencesScope = (strategyId: number, objectKey: string) =>
  `${OBJECT_REFERENCES}${strategyId}:${objectKey}`

/** How often a shared link was opened, and far more once it is revoked. */
export const shareViewsScope = (shareId: number) => `share_views:${shareId}`
/** What the budget of a revoked link's views holds on top: none fits any more, also none that was under way. */
const REVOKED_SHARE_VIEWS = 2 ** 52

/** Bytes of which a strategy holds an object; held by the image that named the object, until the object goes. */
export const storedObjectClaim = (strategyId: number, sha256: string) => `${strategyId}:${sha256}`

/** A name that an object of a strategy has or had: none is given twice. */
export const objectKeyClaim = (strategyId: number, objectKey: string) =>
  `${strategyId}:${objectKey}`

/** Images in a strategy, and one more once it is deleted. */
export const strategyImagesScope = (strategyId: number) => `strategy_images:${strategyId}`

/** Accounts in a group, and one more once it is deleted. */
export const groupMembersScope = (groupId: number) => `group_members:${groupId}`

/**
 * Active administrators, counted downwards from zero: a budget bounds a sum from above, and what is to be kept is at
 * least one of them.
 */
export const adminSeatsScope = 'admin_seats'
export const LAST_ADMIN_LIMIT = -1

/**
 * What the budget of a closed account's bytes holds on top, 4 PiB: no upload fits any more, also none that was under
 * way when the account was frozen or deleted. Capacities stay below it.
 */
export const CLOSED_ACCOUNT_BYTES = 2 ** 52
export const LARGEST_CAPACITY_BYTES = 2 ** 50

/** What the budget of a removed object's references holds on top: nothing can refer to it any more. */
export const REMOVED_OBJECT_REFERENCES = 2 ** 52

/** The types of event that can claim something or change a sum; of all others nothing is to be asked. */
export const GUARDED_TYPES: ReadonlySet<string> = new Set<EventType>([
  'image.uploaded',
  'image.deleted',
  'image.restored',
  'image.purged',
  'image.expired',
  'image.object_removed',
  'image.object_moved',
  'image.shares_revoked',
  'share.viewed',
  'account.registered',
  'account.email_changed',
  'account.role_changed',
  'account.group_changed',
  'account.frozen',
  'account.unfrozen',
  'account.deleted',
  'account.restored',
  'group.deleted',
  'strategy.deleted',
])

/** What only one account of a site can claim: to be the first administrator. It is never given back. */
export const FIRST_ADMIN = { scope: 'first_admin', value: 'first_admin' } as const

/** The claims that an event takes or gives back. A forgotten person's address claims nothing. */
export function claimsOf(event: DomainEvent): Claim[] {
  switch (event.type) {
    case 'account.registered': {
      const claims = emailClaim('take', event.data.email)
      if (event.data.origin === 'setup') {
        claims.push({ action: 'take', ...FIRST_ADMIN })
      }
      return claims
    }
    case 'account.email_changed': {
      const { from, to } = event.data
      const isSame = from !== null && to !== null && normalizeEmail(from) === normalizeEmail(to)
      return isSame ? [] : [...emailClaim('release', from), ...emailClaim('take', to)]
    }
    case 'account.deleted':
      return emailClaim('release', event.data.email)
    case 'account.restored':
      return emailClaim('take', event.data.email)
    case 'image.uploaded': {
      const { data } = event
      return [
        { action: 'take', scope: 'image_key', value: data.key },
        ...(data.names_object ? namingClaims(data.strategy_id, data.object_key, data.sha256) : []),
      ]
    }
    case 'image.object_moved': {
      const { data } = event
      return data.names_object
        ? namingClaims(data.to_strategy_id, data.to_object_key, data.sha256)
        : []
    }
    case 'image.object_removed': {
      const { strategy_id: strategyId, sha256 } = event.data
      return sha256 === null
        ? []
        : [
            {
              action: 'release',
              scope: 'stored_object',
              value: storedObjectClaim(strategyId, sha256),
            },
          ]
    }
    default:
      return []
  }
}

/** The sums that an event changes. */
export function budgetsOf(event: DomainEvent): BudgetChange[] {
  switch (event.type) {
    case 'image.uploaded':
      return [...ownerBudget(event.data, 1), ...objectBudgets(event.data, 1)]
    case 'image.deleted':
      return ownerBudget(event.data, -1)
    case 'image.restored':
      return ownerBudget(event.data, 1)
    case 'image.purged':
      return objectBudgets(event.data, -1)
    case 'image.expired':
      return [...ownerBudget(event.data, -1), ...objectBudgets(event.data, -1)]
    case 'image.object_moved': {
      const { data } = event
      const from = { strategy_id: data.from_strategy_id, object_key: data.from_object_key }
      const to = { strategy_id: data.to_strategy_id, object_key: data.to_object_key }
      return [...objectBudgets(from, -1), ...objectBudgets(to, 1)]
    }
    case 'image.object_removed':
      return [
        {
          scope: objectReferencesScope(event.data.strategy_id, event.data.object_key),
          delta: REMOVED_OBJECT_REFERENCES,
        },
      ]
    case 'share.viewed':
      return [{ scope: shareViewsScope(event.data.share_id), delta: event.data.views }]
    case 'image.shares_revoked':
      return event.data.share_ids.map((shareId) => ({
        scope: shareViewsScope(shareId),
        delta: REVOKED_SHARE_VIEWS,
      }))
    case 'account.registered':
      return [
        ...adminSeat(event.data.role, 'taken'),
        { scope: groupMembersScope(event.data.group_id), delta: 1 },
      ]
    case 'account.role_changed': {
      const { from, to, active } = event.data
      return active ? [...adminSeat(from, 'left'), ...adminSeat(to, 'taken')] : []
    }
    case 'account.frozen':
      return [
        ...adminSeat(event.data.role, 'left'),
        { scope: accountBytesScope(event.data.account_id), delta: CLOSED_ACCOUNT_BYTES },
      ]
    case 'account.unfrozen':
      return [
        ...adminSeat(event.data.role, 'taken'),
        { scope: accountBytesScope(event.data.account_id), delta: -CLOSED_ACCOUNT_BYTES },
      ]
    case 'account.group_changed':
      return [
        { scope: groupMembersScope(event.data.from), delta: -1 },
        { scope: groupMembersScope(event.data.to), delta: 1 },
      ]
    case 'account.deleted':
      return [
        ...(event.data.active ? adminSeat(event.data.role, 'left') : []),
        { scope: groupMembersScope(event.data.group_id), delta: -1 },
        { scope: accountBytesScope(event.data.account_id), delta: CLOSED_ACCOUNT_BYTES },
      ]
    case 'account.restored':
      return [
        ...(event.data.active ? adminSeat(event.data.role, 'taken') : []),
        { scope: groupMembersScope(event.data.group_id), delta: 1 },
        { scope: accountBytesScope(event.data.account_id), delta: -CLOSED_ACCOUNT_BYTES },
      ]
    case 'group.deleted':
      return [{ scope: groupMembersScope(event.data.group_id), delta: 1 }]
    case 'strategy.deleted':
      return [{ scope: strategyImagesScope(event.data.strategy_id), delta: 1 }]
    default:
      return []
  }
}

function namingClaims(strategyId: number, objectKey: string, sha256: string): Claim[] {
  return [
    { action: 'take', scope: 'stored_object', value: storedObjectClaim(strategyId, sha256) },
    { action: 'take', scope: 'object_key', value: objectKeyClaim(strategyId, objectKey) },
  ]
}

function emailClaim(action: Claim['action'], email: string | null): Claim[] {
  return email === null ? [] : [{ action, scope: 'email', value: normalizeEmail(email) }]
}

function adminSeat(role: AccountRole, change: 'taken' | 'left'): BudgetChange[] {
  return role === 'admin' ? [{ scope: adminSeatsScope, delta: change === 'taken' ? -1 : 1 }] : []
}

/** A deleted image weighs nothing for its owner, although it may come back. */
function ownerBudget(
  image: { owner_id: number | null; size_bytes: number },
  sign: 1 | -1
): BudgetChange[] {
  const scope = image.owner_id === null ? guestBytesScope : accountBytesScope(image.owner_id)
  return [{ scope, delta: sign * image.size_bytes }]
}

/** What keeps an object in its storage, and the storage itself. */
function objectBudgets(
  image: { strategy_id: number; object_key: string },
  sign: 1 | -1
): BudgetChange[] {
  return [
    { scope: objectReferencesScope(image.strategy_id, image.object_key), delta: sign },
    { scope: strategyImagesScope(image.strategy_id), delta: sign },
  ]
}
