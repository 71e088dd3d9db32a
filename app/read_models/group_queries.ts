import db from '@adonisjs/lucid/services/db'
import type { Json } from '#domain/event_definition'
import type { BigintColumn } from './columns.ts'
import { countRows } from './counts.ts'
import { offsetOf, type PageOf, type PageRequest } from './page_request.ts'
import type { GroupView } from './views.ts'

interface GroupRow {
  group_id: BigintColumn
  name: string
  is_default: boolean
  is_guest: boolean
  configs: Record<string, Json>
  strategy_ids: BigintColumn[]
  member_num: BigintColumn
  created_at: Date
  updated_at: Date
}

export async function findGroup(groupId: number): Promise<GroupView | null> {
  const row: GroupRow | null = await groups().where('g.group_id', groupId).first()
  return row && groupView(row)
}

/** The group that new accounts join. */
export async function findDefaultGroup(): Promise<GroupView | null> {
  const row: GroupRow | null = await groups().where('g.is_default', true).first()
  return row && groupView(row)
}

/** The group whose rules hold for visitors. */
export async function findGuestGroup(): Promise<GroupView | null> {
  const row: GroupRow | null = await groups().where('g.is_guest', true).first()
  return row && groupView(row)
}

/** All groups, oldest first. */
export async function listGroups(page: PageRequest): Promise<PageOf<GroupView>> {
  const [total, rows]: [number, GroupRow[]] = await Promise.all([
    countRows(db.from('read.groups')),
    groups().orderBy('g.group_id').limit(page.size).offset(offsetOf(page)),
  ])
  return { items: rows.map(groupView), total }
}

function groups() {
  return db
    .from('read.groups as g')
    .select('g.*')
    .select(
      db.raw('(select count(*) from read.accounts a where a.group_id = g.group_id) as member_num')
    )
}

function groupView(row: GroupRow): GroupView {
  return {
    groupId: Number(row.group_id),
    name: row.name,
    isDefault: row.is_default,
    isGuest: row.is_guest,
    configs: row.configs,
    strategyIds: row.strategy_ids.map(Number),
    memberNum: Number(row.member_num),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}
