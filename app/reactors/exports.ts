import type { Reactor } from './reactor.ts'

/** Archives are made when they were asked for, and their bytes go when they are withdrawn. */
export const accountExports: Reactor = (event) => {
  switch (event.type) {
    case 'account.export_requested':
    case 'account.export_withdrawn':
      return { queue: 'exports', payload: { account_id: event.data.account_id }, runAt: null }
    default:
      return null
  }
}
