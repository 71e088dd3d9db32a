import type { Reactor } from './reactor.ts'

/** The links of a frozen account's images end for good; they open nothing from the freezing on. */
export const shares: Reactor = (event) =>
  event.type === 'account.frozen'
    ? { queue: 'shares', payload: { account_id: event.data.account_id }, runAt: null }
    : null
