import type { Reactor } from './reactor.ts'

/** Who asked for a link gets a mail. Whether they still may, and to which address, is decided when it is sent. */
export const mail: Reactor = (event) => {
  switch (event.type) {
    case 'account.verification_requested':
      return owed('verify_email', event.data.account_id)
    case 'account.password_reset_requested':
      return owed('reset_password', event.data.account_id)
    default:
      return null
  }
}

function owed(purpose: 'verify_email' | 'reset_password', accountId: number) {
  return { queue: 'mail', payload: { purpose, account_id: accountId }, runAt: null } as const
}
