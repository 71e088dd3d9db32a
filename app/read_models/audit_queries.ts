import db from '@adonisjs/lucid/services/db'
import type { DatabaseQueryBuilderContract } from '@adonisjs/lucid/types/querybuilder'
import { optionalNumber, type BigintColumn } from './columns.ts'
import { countRows } from './counts.ts'

/** What the audit log is narrowed to. Moments are RFC 3339, both ends inclusive. */
export interface AuditFilter {
  action?: string
  resourceType?: string
  actorUserId?: number
  createdFrom?: string
  createdTo?: string
}

/** An entry: who did what to which thing. The rest is in the events at `position` and at `earlier`. */
export interface AuditEntryView {
  /** The event's position, and the entry's id. */
  position: number
  actorUserId: number | null
  action: string
  resourceType: string
  resourceId: string | null
  earlier: number[]
  createdAt: string
}

interface AuditRow {
  id: BigintColumn
  actor_user_id: BigintColumn | null
  action: string
  resource_type: string
  resource_id: string | null
  earlier: BigintColumn[]
  created_at: Date
}

/** Where a list begins: before an entry, or after so many of the newest. */
export type AuditStart = { before: number } | { skip: number }

/** Entries, newest first. */
export async function listAuditEntries(
  filter: AuditFilter,
  start: AuditStart,
  limit: number
): Promise<AuditEntryView[]> {
  const query = narrow(entries<AuditRow>(), filter).orderBy('id', 'desc').limit(limit)
  if ('before' in start) {
    query.where('id', '<', start.before)
  } else {
    query.offset(start.skip)
  }
  return (await query).map(auditEntryView)
}

export async function countAuditEntries(filter: AuditFilter): Promise<number> {
  return countRows(narrow(entries(), filter))
}

function entries<Row extends object = Record<string, unknown>>() {
  return db.query<Row>().from('read.audit_logs')
}

/**
 * Time never decreases along the log, so that a stretch of time is a stretch of ids: with that, whatever else is asked
 * for, the entries are found by an index in their order.
 */
function narrow<Row>(query: DatabaseQueryBuilderContract<Row>, filter: AuditFilter) {
  const { action, resourceType, actorUserId, createdFrom, createdTo } = filter
  if (action !== undefined) {
    query.where('action', action)
  }
  if (resourceType !== undefined) {
    query.where('resource_type', resourceType)
  }
  if (actorUserId !== undefined) {
    query.where('actor_user_id', actorUserId)
  }
  if (createdFrom !== undefined) {
    query.whereRaw(
      `id >= (select id from read.audit_logs where created_at >= ? order by created_at, id limit 1)`,
      [createdFrom]
    )
  }
  if (createdTo !== undefined) {
    query.whereRaw(
      `id <= (select id from read.audit_logs where created_at <= ?
              order by created_at desc, id desc limit 1)`,
      [createdTo]
    )
  }
  return query
}

function auditEntryView(row: AuditRow): AuditEntryView {
  return {
    position: Number(row.id),
    actorUserId: optionalNumber(row.actor_user_id),
    action: row.action,
    resourceType: row.resource_type,
    resourceId: row.resource_id,
    earlier: row.earlier.map(Number),
    createdAt: row.created_at.toISOString(),
  }
}
