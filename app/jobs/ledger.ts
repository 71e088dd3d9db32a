import type pg from 'pg'
import { GroupCommit } from '#event_store/group_commit'
import { POLICIES, QUEUES, type Assignment, type QueueName, type Reaction } from './queues.ts'

export interface OwedReaction extends Reaction {
  reactionKey: string
  eventId: string
  eventPosition: number
}

/** Work claimed for handing over, and when it is to be done. */
export interface ClaimedWork extends Assignment {
  queue: QueueName
  runAt: Date
}

interface LedgerRow {
  reaction_key: string
  queue: QueueName
  event_id: string
  event_position: string
  payload: Assignment['payload']
  run_at: Date
  attempt: number
}

/** Delayed work is handed to Redis this long before its time; until then the ledger alone holds it. */
const HORIZON_SECONDS = 3600
/** Nobody waits for work to be marked as done: that is gathered for so long. */
const SETTLING_MILLISECONDS = 20
const KEEP_DONE = '1 day'
const PRUNE_ROWS = 5_000
const LONGEST_ERROR = 1_000

const RETURNED =
  'l.reaction_key, l.queue, l.event_id, l.event_position, l.payload, l.run_at, l.attempt'

/** The durable list of what is owed, in `run.job_ledger`. */
export class JobLedger {
  readonly #pool: pg.Pool
  readonly #settling: GroupCommit<string, void>

  constructor(pool: pg.Pool) {
    this.#pool = pool
    this.#settling = new GroupCommit({
      bounds: { items: 1_000, weight: Number.POSITIVE_INFINITY },
      conflictKey: () => null,
      write: (keys) => this.#writeSettled(keys),
      lingerMs: SETTLING_MILLISECONDS,
    })
  }

  /** Takes what is due soon, so that no other process hands it over too. */
  async claim(limit: number): Promise<ClaimedWork[]> {
    const { rows } = await this.#pool.query<LedgerRow>({
      name: 'ledger_claim',
      text: `with due as (
               select reaction_key from run.job_ledger
               where state = 'owed' and run_at <= now() + make_interval(secs => $2)
               order by run_at limit $1 for update skip locked
             )
             update run.job_ledger l set state = 'dispatched', attempt = l.attempt + 1, dispatched_at = now()
             from due where l.reaction_key = due.reaction_key returning ${RETURNED}`,
      values: [limit, HORIZON_SECONDS],
    })
    return rows.map(readRow)
  }

  /** Gives claimed work back that could not be handed over; the try does not count. */
  async unclaim(keys: readonly string[]): Promise<void> {
    await this.#pool.query(
      `update run.job_ledger set state = 'owed', attempt = attempt - 1
       where reaction_key = any($1::text[]) and state = 'dispatched'`,
      [keys]
    )
  }

  /** Marks work as done; many at a time ride in one statement. A second run of the same work changes nothing. */
  settle(key: string): Promise<void> {
    return this.#settling.submit(key, 1)
  }

  /** Owes failed work again after a pause, or gives it up; answers whether it was given up. */
  async fail(queue: QueueName, assignment: Assignment, error: unknown): Promise<boolean> {
    const policy = POLICIES[queue]
    const isLast = assignment.attempt >= policy.maximumAttempts
    const pause = policy.backoffSeconds * 2 ** Math.min(assignment.attempt - 1, 10)
    const { rowCount } = await this.#pool.query(
      `update run.job_ledger set state = $3, last_error = $4,
         run_at = case when $3 = 'owed' then now() + make_interval(secs => $5) else run_at end,
         settled_at = case when $3 = 'dead' then now() end
       where reaction_key = $1 and attempt = $2 and state = 'dispatched'`,
      [
        assignment.reactionKey,
        assignment.attempt,
        isLast ? 'dead' : 'owed',
        String(error).slice(0, LONGEST_ERROR),
        pause,
      ]
    )
    return isLast && rowCount === 1
  }

  /** Owes again what was handed over and should be settled by now; gives up what has been tried often enough. */
  async reclaimOverdue(): Promise<{ reclaimed: number; dead: ClaimedWork[] }> {
    const dead: ClaimedWork[] = []
    let reclaimed = 0
    for (const queue of QUEUES) {
      const { timeoutSeconds, maximumAttempts } = POLICIES[queue]
      const { rows } = await this.#pool.query<LedgerRow & { state: string }>(
        `update run.job_ledger l set
           state = case when attempt >= $3 then 'dead' else 'owed' end,
           settled_at = case when attempt >= $3 then now() end,
           last_error = coalesce(last_error, 'It was handed over and never settled')
         where queue = $1 and state = 'dispatched'
           and greatest(dispatched_at, run_at) < now() - make_interval(secs => $2)
         returning ${RETURNED}, l.state`,
        [queue, timeoutSeconds, maximumAttempts]
      )
      reclaimed += rows.filter(({ state }) => state === 'owed').length
      dead.push(...rows.filter(({ state }) => state === 'dead').map(readRow))
    }
    return { reclaimed, dead }
  }

  /** Owes again all that was handed over before a moment: Redis has lost it. */
  async reclaimAll(before: Date): Promise<number> {
    const { rowCount } = await this.#pool.query(
      `update run.job_ledger set state = 'owed', attempt = attempt - 1
       where state = 'dispatched' and dispatched_at < $1`,
      [before]
    )
    return rowCount ?? 0
  }

  /** Owes dead work anew: of one queue or of all, one piece or all of it. */
  async reviveDead(queue: QueueName | null, reactionKey: string | null = null): Promise<number> {
    const { rowCount } = await this.#pool.query(
      `update run.job_ledger set state = 'owed', attempt = 0, run_at = least(run_at, now()), settled_at = null
       where state = 'dead' and ($1::text is null or queue = $1)
         and ($2::text is null or reaction_key = $2)`,
      [queue, reactionKey]
    )
    return rowCount ?? 0
  }

  /** Forgets what was done long ago. */
  async prune(): Promise<number> {
    const { rowCount } = await this.#pool.query(
      `delete from run.job_ledger where reaction_key in (
         select reaction_key from run.job_ledger
         where state = 'done' and settled_at < now() - $1::interval limit $2)`,
      [KEEP_DONE, PRUNE_ROWS]
    )
    return rowCount ?? 0
  }

  async #writeSettled(keys: string[]): Promise<Array<PromiseSettledResult<void>>> {
    await this.#pool.query({
      name: 'ledger_settle',
      text: `update run.job_ledger set state = 'done', settled_at = now(), last_error = null
             where reaction_key = any($1::text[]) and state in ('dispatched', 'owed')`,
      values: [keys],
    })
    return keys.map(() => ({ status: 'fulfilled', value: undefined }))
  }
}

/** Writes owed work in the relay's transaction. What is there already stays as it is. */
export async function insertOwed(
  client: pg.ClientBase,
  reactions: readonly OwedReaction[]
): Promise<void> {
  await client.query({
    name: 'ledger_insert',
    text: `insert into run.job_ledger (reaction_key, queue, event_id, event_position, payload, run_at)
           select key, queue, event_id, event_position, payload, coalesce(run_at, now())
           from json_to_recordset($1::json) as r(
             key text, queue text, event_id uuid, event_position bigint, payload jsonb, run_at timestamptz)
           on conflict (reaction_key) do nothing`,
    values: [
      JSON.stringify(
        reactions.map((reaction) => ({
          key: reaction.reactionKey,
          queue: reaction.queue,
          event_id: reaction.eventId,
          event_position: reaction.eventPosition,
          payload: reaction.payload,
          run_at: reaction.runAt,
        }))
      ),
    ],
  })
}

function readRow(row: LedgerRow): ClaimedWork {
  return {
    reactionKey: row.reaction_key,
    queue: row.queue,
    eventId: row.event_id,
    eventPosition: Number(row.event_position),
    payload: row.payload,
    runAt: row.run_at,
    attempt: row.attempt,
  }
}
