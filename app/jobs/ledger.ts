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
  /** By the clock of the database. */
  claimedAt: Date
}

interface LedgerRow {
  reaction_key: string
  queue: QueueName
  event_id: string
  event_position: string
  payload: Assignment['payload']
  run_at: Date
  dispatched_at: Date
  attempt: number
}

/** Delayed work is handed to Redis this long before its time; until then the ledger alone holds it. */
const HORIZON_SECONDS = 3600
/** Nobody waits for what is written of work: that is gathered for so long. */
const GATHERING_MILLISECONDS = 20
const KEEP_DONE = '1 day'
/** Owed work as a statement is given it. */
const OWED_ROW =
  'r(key text, queue text, event_id uuid, event_position bigint, payload jsonb, run_at timestamptz)'
const PRUNE_ROWS = 5_000
const LONGEST_ERROR = 1_000

/** What was handed over so long before the oldest that waits for a worker was handed over by two at the same time. */
const HANDED_OVER_TOGETHER = '5 seconds'

const RETURNED = `l.reaction_key, l.queue, l.event_id, l.event_position, l.payload, l.run_at, l.dispatched_at, l.attempt`

/** The durable list of what is owed, in `run.job_ledger`. */
export class JobLedger {
  readonly #pool: pg.Pool
  readonly #settling: GroupCommit<string, undefined>
  readonly #beginning: GroupCommit<string, undefined>

  constructor(pool: pg.Pool) {
    this.#pool = pool
    this.#settling = gathering((keys) => this.#writeSettled(keys))
    this.#beginning = gathering((keys) => this.#writeBegun(keys))
  }

  /** Takes of each of the queues at most so much of what is due soon, so that no other process hands it over too. */
  async claim(limit: number, queues: readonly QueueName[] = QUEUES): Promise<ClaimedWork[]> {
    const { rows } = await this.#pool.query<LedgerRow>({
      name: 'ledger_claim',
      text: `with due as (
               select d.reaction_key from unnest($1::text[]) as q(queue) cross join lateral (
                 select reaction_key from run.job_ledger
                 where state = 'owed' and queue = q.queue and run_at <= now() + make_interval(secs => $3)
                 order by run_at limit $2 for update skip locked) as d
             )
             update run.job_ledger l set state = 'dispatched', attempt = l.attempt + 1, dispatched_at = now()
             from due where l.reaction_key = due.reaction_key returning ${RETURNED}`,
      values: [queues, limit, HORIZON_SECONDS],
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
  async settle(key: string): Promise<void> {
    await this.#settling.submit(key, 1)
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

  /** Has the time-out of work that waited long for a worker begin anew, now that it is begun. */
  async begin(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#beginning.submit(key, 1)))
  }

  /**
   * Owes again what was handed over and should be settled by now; gives up what has been tried often enough. `waiting` says
   * of the queues that have work waiting for a worker since when the oldest waits: it is taken in the order in which it was
   * handed over, so that what was handed over later waits as well, however long, and is not overdue.
   */
  async reclaimOverdue(
    waiting: ReadonlyMap<QueueName, Date>
  ): Promise<{ reclaimed: number; dead: ClaimedWork[] }> {
    const { rows } = await this.#pool.query<LedgerRow & { state: string }>({
      name: 'ledger_reclaim',
      text: `update run.job_ledger l set
               state = case when attempt >= q.attempts then 'dead' else 'owed' end,
               settled_at = case when attempt >= q.attempts then now() end,
               last_error = coalesce(last_error, 'It was handed over and never settled')
             from (
               select queue, attempts, least(now() - make_interval(secs => seconds),
                 waiting - interval '${HANDED_OVER_TOGETHER}') as before
               from unnest($1::text[], $2::integer[], $3::integer[], $4::timestamptz[])
                 as w(queue, seconds, attempts, waiting)) as q
             where l.queue = q.queue and l.state = 'dispatched'
               and l.dispatched_at < q.before and l.run_at < q.before
             returning ${RETURNED}, l.state`,
      values: [
        QUEUES,
        QUEUES.map((queue) => POLICIES[queue].timeoutSeconds),
        QUEUES.map((queue) => POLICIES[queue].maximumAttempts),
        QUEUES.map((queue) => waiting.get(queue) ?? null),
      ],
    })
    return {
      reclaimed: rows.filter(({ state }) => state === 'owed').length,
      dead: rows.filter(({ state }) => state === 'dead').map(readRow),
    }
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

  async #writeBegun(keys: readonly string[]): Promise<void> {
    await this.#pool.query({
      name: 'ledger_begin',
      text: `update run.job_ledger set dispatched_at = now()
             where reaction_key = any($1::text[]) and state = 'dispatched'`,
      values: [keys],
    })
  }

  async #writeSettled(keys: readonly string[]): Promise<void> {
    await this.#pool.query({
      name: 'ledger_settle',
      text: `update run.job_ledger set state = 'done', settled_at = now(), last_error = null
             where reaction_key = any($1::text[]) and state in ('dispatched', 'owed')`,
      values: [keys],
    })
  }
}

/** Writes about work that nobody waits for, much of it at a time. */
function gathering(
  write: (keys: readonly string[]) => Promise<void>
): GroupCommit<string, undefined> {
  return new GroupCommit({
    bounds: { items: 1_000, weight: Number.POSITIVE_INFINITY },
    conflictKey: () => null,
    write: async (keys) => {
      await write(keys)
      return keys.map(() => ({ status: 'fulfilled', value: undefined }))
    },
    lingerMs: GATHERING_MILLISECONDS,
  })
}

/** Writes owed work in the caller's transaction. What is there already stays as it is. */
export async function insertOwed(
  client: pg.ClientBase,
  reactions: readonly OwedReaction[]
): Promise<void> {
  await client.query({
    name: 'ledger_insert',
    text: `insert into run.job_ledger (reaction_key, queue, event_id, event_position, payload, run_at)
           select key, queue, event_id, event_position, payload, coalesce(run_at, now())
           from json_to_recordset($1::json) as ${OWED_ROW}
           on conflict (reaction_key) do nothing`,
    values: [encodeOwed(reactions)],
  })
}

/** What a page of the log asks for. */
export interface RelayedPage {
  /** Where the relay's checkpoint stood when the page was read. */
  from: number
  to: number
  reactions: readonly OwedReaction[]
}

/**
 * Writes owed work and moves the relay's checkpoint; answers false, and does neither, when another process has moved it
 * meanwhile. What is there already stays as it is.
 */
export async function relayOwed(
  client: pg.ClientBase,
  { from, to, reactions }: RelayedPage
): Promise<boolean> {
  const { rows } = await client.query<{ moved: number }>({
    name: 'ledger_relay',
    text: `with moved as (
             update run.relay_checkpoint set position = $2 where position = $1 returning 1
           ), owed as (
             insert into run.job_ledger (reaction_key, queue, event_id, event_position, payload, run_at)
             select key, queue, event_id, event_position, payload, coalesce(run_at, now())
             from moved cross join json_to_recordset($3::json) as ${OWED_ROW}
             on conflict (reaction_key) do nothing
           )
           select count(*)::integer as moved from moved`,
    values: [from, to, encodeOwed(reactions)],
  })
  return rows[0]?.moved === 1
}

function encodeOwed(reactions: readonly OwedReaction[]): string {
  return JSON.stringify(
    reactions.map((reaction) => ({
      key: reaction.reactionKey,
      queue: reaction.queue,
      event_id: reaction.eventId,
      event_position: reaction.eventPosition,
      payload: reaction.payload,
      run_at: reaction.runAt,
    }))
  )
}

function readRow(row: LedgerRow): ClaimedWork {
  return {
    reactionKey: row.reaction_key,
    queue: row.queue,
    eventId: row.event_id,
    eventPosition: Number(row.event_position),
    payload: row.payload,
    runAt: row.run_at,
    claimedAt: row.dispatched_at,
    attempt: row.attempt,
  }
}
