import type pg from 'pg'
import type { EventStore } from '#event_store/port'
import { inTransaction } from '#projections/transaction'
import { AuditEntries, insertEntries } from './audit_entries.ts'
import { auditKeptSince } from './audit_retention.ts'

const PAGE = 1_000

export interface AuditRebuildOptions {
  pool: pg.Pool
  eventStore: EventStore
  progress: (position: number, head: number) => void
  /** The present, where another than the clock's is meant. */
  now?: Date
}

/**
 * Writes the audit log anew from the event log, a page of positions a transaction, while it serves and workers add to
 * it. Answers how many entries were written.
 */
export async function rebuildAuditLog(options: AuditRebuildOptions): Promise<number> {
  const { pool, eventStore, progress, now = new Date() } = options
  const entries = new AuditEntries(eventStore)
  const keptSince = (await auditKeptSince(pool, now))?.toISOString() ?? ''
  let written = 0
  let after = 0
  for (;;) {
    const events = await eventStore.readAll({ after, limit: PAGE })
    const last = events.at(-1)?.position
    if (last === undefined) {
      return written
    }
    const kept = events.filter(({ recordedAt }) => recordedAt >= keptSince)
    const made = await entries.of(kept)
    await replaceEntries(pool, { after, last }, made)
    written += made.length
    after = last
    progress(last, Math.max(last, (await eventStore.head()).position))
  }
}

async function replaceEntries(
  pool: pg.Pool,
  { after, last }: { after: number; last: number },
  entries: Parameters<typeof insertEntries>[1]
): Promise<void> {
  const client = await pool.connect()
  try {
    await inTransaction(client, async () => {
      await client.query('delete from read.audit_logs where id > $1 and id <= $2', [after, last])
      await insertEntries(client, entries)
    })
  } finally {
    client.release()
  }
}
