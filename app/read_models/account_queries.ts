import db from '@adonisjs/lucid/services/db'
import type { AccountRole } from '#domain/account/events'
import { DomainError } from '#domain/domain_error'
import type { Json } from '#domain/event_definition'
import { normalizeEmail } from '#domain/values'
import type { BigintColumn } from './columns.ts'
import type { AccountView, UsageView } from './views.ts'

interface AccountRow {
  account_id: BigintColumn
  email: string | null
  name: string | null
  role: AccountRole
  status: number
  group_id: BigintColumn
  capacity_bytes: BigintColumn
  settings: Record<string, Json> | null
  email_verified: boolean
  created_at: Date
}

interface UsageRow {
  used_bytes: BigintColumn
  image_num: number
  album_num: number
}

export async function findAccount(accountId: number): Promise<AccountView | null> {
  const row: AccountRow | null = await accounts().where('account_id', accountId).first()
  return row && accountView(row)
}

/** @throws DomainError E_ACCOUNT_NOT_FOUND */
export async function findAccountOrFail(accountId: number): Promise<AccountView> {
  const account = await findAccount(accountId)
  if (account === null) {
    throw new DomainError('E_ACCOUNT_NOT_FOUND', 'Account not found')
  }
  return account
}

/** Addresses are compared as claims on them are: without regard to case. */
export async function findAccountByEmail(email: string): Promise<AccountView | null> {
  const row: AccountRow | null = await accounts()
    .whereRaw('lower(email) = ?', [normalizeEmail(email)])
    .first()
  return row && accountView(row)
}

export async function anyAccountExists(): Promise<boolean> {
  return (await accounts().select('account_id').first()) !== null
}

export async function findUsage(accountId: number): Promise<UsageView> {
  const row: UsageRow | null = await db.from('read.usage').where('account_id', accountId).first()
  return {
    usedBytes: Number(row?.used_bytes ?? 0),
    imageNum: row?.image_num ?? 0,
    albumNum: row?.album_num ?? 0,
  }
}

function accounts() {
  return db.from('read.accounts')
}

function accountView(row: AccountRow): AccountView {
  return {
    accountId: Number(row.account_id),
    email: row.email,
    name: row.name,
    role: row.role,
    frozen: row.status === 0,
    groupId: Number(row.group_id),
    capacityBytes: Number(row.capacity_bytes),
    settings: row.settings ?? {},
    emailVerified: row.email_verified,
    createdAt: row.created_at.toISOString(),
  }
}
