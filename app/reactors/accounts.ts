import type { Reactor } from './reactor.ts'

/** When an account goes, or comes back, what it owns follows. */
export const accounts: Reactor = (event) => {
  switch (event.type) {
    case 'account.deleted':
    case 'account.restored':
    case 'account.forgotten':
      return { queue: 'accounts', payload: { account_id: event.data.account_id }, runAt: null }
    default:
      return null
  }
}
