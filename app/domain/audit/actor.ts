import type { DomainEvent } from '../catalogue.ts'

interface ActingParty {
  kind: 'account' | 'api_token' | 'anonymous' | 'system'
  account_id: number | null
}

/**
 * The account that acted. Whoever signs in or registers is that account from then on, and the event may not name them as
 * its actor yet.
 */
export function accountBehind(event: DomainEvent & { metadata: { actor: ActingParty } }) {
  const { kind, account_id: accountId } = event.metadata.actor
  const isOwnAct =
    kind === 'anonymous' &&
    (event.type === 'account.signed_in' || event.type === 'account.registered')
  return accountId ?? (isOwnAct ? event.data.account_id : null)
}
