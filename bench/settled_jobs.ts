import { setTimeout as delay } from 'node:timers/promises'
import { openPool } from './environment.ts'

const LOOK_MILLISECONDS = 50

/** Resolves when so many thumbnails are made and nothing else is owed; answers how many jobs were done. */
export async function settledJobs(database: string, thumbnails: number): Promise<number> {
  const pool = openPool(database, 1)
  try {
    for (;;) {
      const { rows } = await pool.query<{ done: string; thumbnails: string; open: string }>(
        `select count(*) filter (where state = 'done') as done,
           count(*) filter (where state = 'done' and queue = 'thumbnails') as thumbnails,
           count(*) filter (where state in ('owed', 'dispatched') and run_at <= now()) as open
         from run.job_ledger`
      )
      const [counts] = rows
      const isOver = Number(counts?.open) === 0 && Number(counts?.thumbnails) >= thumbnails
      if (counts !== undefined && isOver) {
        return Number(counts.done)
      }
      await delay(LOOK_MILLISECONDS)
    }
  } finally {
    await pool.end()
  }
}
