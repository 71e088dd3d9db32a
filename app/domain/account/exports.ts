import type { EventData } from '../catalogue.ts'
import type { AccountEvent } from './events.ts'
import { requireAccount } from './presence.ts'
import type { Account } from './state.ts'

/**
 * Asks for an archive; nothing while one is being made. One that is there is withdrawn.
 *
 * @throws DomainError E_ACCOUNT_NOT_FOUND
 */
export function requestExport(account: Account | null): AccountEvent[] {
  const present = requireAccount(account)
  return present.export.state === 'pending'
    ? []
    : [
        ...withdrawExport(present),
        { type: 'account.export_requested', data: { account_id: present.accountId } },
      ]
}

/** Nothing when nobody waits for it any more: its bytes may go. */
export function recordExport(
  account: Account | null,
  archive: Omit<EventData<'account.export_made'>, 'account_id'>
): AccountEvent[] {
  return isWaiting(account)
    ? [{ type: 'account.export_made', data: { account_id: account.accountId, ...archive } }]
    : []
}

/** Nothing when nobody waits for it any more. */
export function recordExportFailure(account: Account | null): AccountEvent[] {
  return isWaiting(account)
    ? [{ type: 'account.export_failed', data: { account_id: account.accountId } }]
    : []
}

/** Ends an archive that is there. */
export function withdrawExport({ accountId, export: archive }: Account): AccountEvent[] {
  return archive.state === 'ready'
    ? [
        {
          type: 'account.export_withdrawn',
          data: {
            account_id: accountId,
            strategy_id: archive.strategyId,
            object_key: archive.objectKey,
          },
        },
      ]
    : []
}

/** Ends an archive whose time has come at `now` (RFC 3339); nothing for any other. */
export function expireExport(account: Account | null, now: string): AccountEvent[] {
  return account?.export.state === 'ready' && account.export.expiresAt <= now
    ? withdrawExport(account)
    : []
}

function isWaiting(account: Account | null): account is Account {
  return account !== null && !account.deleted && account.export.state === 'pending'
}
