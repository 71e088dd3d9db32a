import type { Actor } from '#event_store/port'
import type { AccountRole } from '#domain/account/events'
import type { TokenScope } from '#domain/api_token/events'

/**
 * How a request proved who sends it, and until when it does, in milliseconds of the epoch. A session has no scopes: it may
 * do all that its account may.
 */
export type Credential =
  | { kind: 'session'; sessionId: string; expiresAt: number }
  | { kind: 'api_token'; tokenId: number; scopes: readonly TokenScope[]; expiresAt: number }

/** The account behind a request, as the read model has it now. */
export interface Account {
  accountId: number
  role: AccountRole
  frozen: boolean
  groupId: number
  capacityBytes: number
}

/** What had been stamped when an identity was looked up: while the stamps are the same, so are the rows. */
export interface ReadMoment {
  /** The stamp of the account's rows; `null` when they have none yet. */
  account: string | null
  /** The stamp of the rows that concern everybody. */
  everybody: string | null
  /** The database's clock, in milliseconds of the epoch. */
  at: number
}

export interface Identity extends Account {
  credential: Credential
  moment: ReadMoment
}

export function isAdmin(identity: Account): boolean {
  return identity.role === 'admin'
}

export function hasScope(identity: Identity, scope: TokenScope): boolean {
  return identity.credential.kind === 'session' || identity.credential.scopes.includes(scope)
}

/** The actor that events name for what this identity does; a visitor when there is none. */
export function actorOf(identity: Identity | null): Actor {
  if (identity === null) {
    return { kind: 'anonymous', id: null, account_id: null }
  }
  const { accountId, credential } = identity
  return credential.kind === 'session'
    ? { kind: 'account', id: accountId, account_id: accountId }
    : { kind: 'api_token', id: credential.tokenId, account_id: accountId }
}
