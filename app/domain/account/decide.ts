import type { EventData } from '../catalogue.ts'
import type { Json } from '../event_definition.ts'
import { normalizeEmail } from '../values.ts'
import { withdrawExport } from './exports.ts'
import type { AccountEvent, AccountRole } from './events.ts'
import { notFound, requireAccount } from './presence.ts'
import { evolveAccount, type Account } from './state.ts'

/** What an administrator may change of an account; what is left out stays. */
export interface AdministerAccount {
  name?: string
  email?: string
  role?: AccountRole
  groupId?: number
  capacityBytes?: number
  frozen?: boolean
}

/** `mustConfirm` owes a mail with a link to confirm the address. */
export function registerAccount(
  account: EventData<'account.registered'>,
  { mustConfirm }: { mustConfirm: boolean }
): AccountEvent[] {
  const registered: AccountEvent = { type: 'account.registered', data: account }
  const { account_id: accountId } = account
  return mustConfirm
    ? [registered, { type: 'account.verification_requested', data: { account_id: accountId } }]
    : [registered]
}

/** @throws DomainError E_ACCOUNT_NOT_FOUND */
export function changeName(account: Account | null, name: string): AccountEvent[] {
  const { accountId, name: present } = requireAccount(account)
  return name === present
    ? []
    : [{ type: 'account.name_changed', data: { account_id: accountId, name } }]
}

/** @throws DomainError E_ACCOUNT_NOT_FOUND */
export function changeSettings(
  account: Account | null,
  settings: Record<string, Json>
): AccountEvent[] {
  const { accountId, settings: present } = requireAccount(account)
  return JSON.stringify(settings) === JSON.stringify(present)
    ? []
    : [{ type: 'account.settings_changed', data: { account_id: accountId, settings } }]
}

/** @throws DomainError E_ACCOUNT_NOT_FOUND */
export function changePassword(account: Account | null): AccountEvent[] {
  const { accountId } = requireAccount(account)
  return [{ type: 'account.password_changed', data: { account_id: accountId } }]
}

/**
 * Confirms the address that a mail was sent to; nothing for one that is confirmed, or that was changed since.
 *
 * @throws DomainError E_ACCOUNT_NOT_FOUND
 */
export function verifyEmail(account: Account | null, email: string): AccountEvent[] {
  const { accountId, email: present, emailVerified } = requireAccount(account)
  return emailVerified || present === null || normalizeEmail(present) !== normalizeEmail(email)
    ? []
    : [{ type: 'account.email_verified', data: { account_id: accountId } }]
}

/** Owes a mail with a link to confirm the address; nothing for one that is confirmed. */
export function requestVerification(account: Account | null): AccountEvent[] {
  const { accountId, emailVerified } = requireAccount(account)
  return emailVerified
    ? []
    : [{ type: 'account.verification_requested', data: { account_id: accountId } }]
}

/** Owes a mail with a link to set a new password. */
export function requestPasswordReset(account: Account | null): AccountEvent[] {
  const { accountId } = requireAccount(account)
  return [{ type: 'account.password_reset_requested', data: { account_id: accountId } }]
}

/**
 * Changes what an administrator asks for, one event a change. An address that an administrator sets is taken as
 * confirmed.
 *
 * @throws DomainError E_ACCOUNT_NOT_FOUND
 */
export function administerAccount(
  account: Account | null,
  command: AdministerAccount
): AccountEvent[] {
  const events: AccountEvent[] = []
  let present = requireAccount(account)
  const happen = (event: AccountEvent) => {
    events.push(event)
    present = evolveAccount(present, event) ?? present
  }
  const id = { account_id: present.accountId }
  const { name, email, role, groupId, capacityBytes, frozen } = command
  if (name !== undefined) {
    changeName(present, name).forEach(happen)
  }
  if (email !== undefined && email !== present.email) {
    happen({ type: 'account.email_changed', data: { ...id, from: present.email, to: email } })
    happen({ type: 'account.email_verified', data: id })
  }
  if (groupId !== undefined && groupId !== present.groupId) {
    happen({
      type: 'account.group_changed',
      data: { ...id, from: present.groupId, to: groupId },
    })
  }
  if (capacityBytes !== undefined && capacityBytes !== present.capacityBytes) {
    happen({
      type: 'account.capacity_changed',
      data: { ...id, from: present.capacityBytes, to: capacityBytes },
    })
  }
  if (frozen !== undefined && frozen !== present.frozen) {
    const type = frozen ? 'account.frozen' : 'account.unfrozen'
    happen({ type, data: { ...id, role: present.role } })
  }
  if (role !== undefined && role !== present.role) {
    happen({
      type: 'account.role_changed',
      data: { ...id, from: present.role, to: role, active: !present.frozen },
    })
  }
  return events
}

/** @throws DomainError E_ACCOUNT_NOT_FOUND */
export function deleteAccount(account: Account | null): AccountEvent[] {
  const present = requireAccount(account)
  const { accountId, email, role, groupId, frozen } = present
  return [
    ...withdrawExport(present),
    {
      type: 'account.deleted',
      data: { account_id: accountId, email, role, group_id: groupId, active: !frozen },
    },
  ]
}

/**
 * Brings a deleted account back into a group. Its address must still be free.
 *
 * @throws DomainError E_ACCOUNT_NOT_FOUND for one that is not deleted, or was forgotten
 */
export function restoreAccount(
  account: Account | null,
  { groupId, registeredAt }: { groupId: number; registeredAt: string }
): AccountEvent[] {
  if (account === null || !account.deleted || account.forgotten) {
    throw notFound()
  }
  return [
    {
      type: 'account.restored',
      data: {
        account_id: account.accountId,
        email: account.email,
        name: account.name,
        settings: account.settings,
        role: account.role,
        group_id: groupId,
        capacity_bytes: account.capacityBytes,
        email_verified: account.emailVerified,
        active: !account.frozen,
        registered_at: registeredAt,
      },
    },
  ]
}

/** From here on a deleted account cannot come back; nothing for one that is there, or was forgotten. */
export function forgetAccount(account: Account | null): AccountEvent[] {
  return account === null || !account.deleted || account.forgotten
    ? []
    : [{ type: 'account.forgotten', data: { account_id: account.accountId } }]
}
