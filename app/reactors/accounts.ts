import type { Reactor } from './reactor.ts'

/** What a deleted account leaves behind is cleared away. */
export const accounts: Reactor = (event) =>
  event.type === 'account.deleted'
    ? { queue: 'accounts', payload: { account_id: event.data.account_id }, runAt: null }
    : null
