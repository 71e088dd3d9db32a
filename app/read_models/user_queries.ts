import db from '@adonisjs/lucid/services/db'
import type { AccountRole } from '#domain/account/events'
import { containsPattern, type BigintColumn } from './columns.ts'
import { countRows } from './counts.ts'
import { offsetOf, type PageOf, type PageRequest } from './page_request.ts'
import type { UserView } from './views.ts'

interface UserRow {
  account_id: BigintColumn
  email: string | null
  name: string | null
  role: AccountRole
  status: number
  group_id: BigintColumn
  group_name: string | null
  capacity_bytes: BigintColumn
  email_verified: boolean
  used_bytes: BigintColumn | null
  image_num: number | null
  album_num: number | null
  created_at: Date
}

export interface UserFilter {
  keyword?: string
  /** 0 frozen, 1 active. */
  status?: number
}

export async function findUser(accountId: number): Promise<UserView | null> {
  const row: UserRow | null = await users().where('a.account_id', accountId).first()
  return row && userView(row)
}

/** Accounts with what they hold, newest first. */
export async function listUsers(filter: UserFilter, page: PageRequest): Promise<PageOf<UserView>> {
  const narrowed = narrow(db.from('read.accounts as a'), filter)
  const [total, rows]: [number, UserRow[]] = await Promise.all([
    countRows(narrowed),
    narrow(users(), filter).orderBy('a.account_id', 'desc').limit(page.size).offset(offsetOf(page)),
  ])
  return { items: rows.map(userView), total }
}

function users() {
  return db
    .from('read.accounts as a')
    .leftJoin('read.usage as u', 'u.account_id', 'a.account_id')
    .leftJoin('read.groups as g', 'g.group_id', 'a.group_id')
    .select('a.*', 'u.used_bytes', 'u.image_num', 'u.album_num', 'g.name as group_name')
}

function narrow(query: ReturnType<typeof db.from>, { keyword, status }: UserFilter) {
  if (keyword !== undefined && keyword !== '') {
    const pattern = containsPattern(keyword)
    query.where((either) => either.whereILike('a.email', pattern).orWhereILike('a.name', pattern))
  }
  if (status !== undefined) {
    query.where('a.status', status)
  }
  return query
}

function userView(row: UserRow): UserView {
  return {
    accountId: Number(row.account_id),
    email: row.email,
    name: row.name,
    role: row.role,
    frozen: row.status === 0,
    groupId: Number(row.group_id),
    groupName: row.group_name,
    capacityBytes: Number(row.capacity_bytes),
    usedBytes: Number(row.used_bytes ?? 0),
    imageNum: row.image_num ?? 0,
    albumNum: row.album_num ?? 0,
    emailVerified: row.email_verified,
    createdAt: row.created_at.toISOString(),
  }
}
