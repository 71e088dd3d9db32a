import { PostgresConnection } from '#event_store/postgres_connection'
import type { ReadMoment } from './identity.ts'
import { LEASE_MILLISECONDS } from './stamp_lease.ts'
import { prepareStampQuery, StampQuery, type StampFields } from './stamp_query.ts'

/** What was read of an account, or is being read; and when the database was asked, before that, by this process's clock. */
interface Seen<Moment> {
  askedAt: number
  moment: Moment
}

interface Waiting extends PromiseWithResolvers<ReadMoment> {
  accountId: number
}

/** Whose rows are everybody's; see `app/projections/stamps.ts`. */
const EVERYBODY = 0
const ACCOUNTS_A_LOOK = 500
/** Then all are forgotten: those of use are of the last moment. */
const MOST_SEEN = 2_000
/** A lease that is still in use by then is renewed, so that nobody has to wait for the next one. */
const RENEWAL_MILLISECONDS = 0.75 * LEASE_MILLISECONDS
/** All who ask wait for the look that is under way: one that got lost must not hold them up for long. */
const PATIENCE_MILLISECONDS = 5_000

/**
 * Tells what is stamped now, as far as anybody can have been told of it: a look is good for as long as a lease lasts.
 * Those who ask in the same turn of the event loop, or while a look is under way that is not good for them, share the
 * next one, so that one connection is enough, and to have it at hand costs less than to take one of a pool each time.
 */
export class StampReader {
  readonly #connection: PostgresConnection
  readonly #seen = new Map<number, Seen<ReadMoment>>()
  readonly #underWay = new Map<number, Seen<Promise<ReadMoment>>>()
  #waiting: Waiting[] = []
  #isLooking = false

  constructor(connectionString: string) {
    const session = {
      connectionString,
      connectionTimeoutMillis: PATIENCE_MILLISECONDS,
      query_timeout: PATIENCE_MILLISECONDS,
      keepAlive: true,
      // A plan for the accounts at hand would be made anew each time.
      options: '-c plan_cache_mode=force_generic_plan',
    }
    this.#connection = new PostgresConnection(session, prepareStampQuery)
  }

  async momentOf(accountId: number): Promise<ReadMoment> {
    const now = performance.now()
    const seen = this.#seen.get(accountId)
    if (seen !== undefined && now - seen.askedAt < LEASE_MILLISECONDS) {
      if (now - seen.askedAt > RENEWAL_MILLISECONDS && !this.#isLooking) {
        // Whoever asks next sees whether it fails.
        this.#ask(accountId).catch(() => {})
      }
      return aged(seen.moment, seen.askedAt)
    }
    const underWay = this.#underWay.get(accountId)
    if (underWay !== undefined && now - underWay.askedAt < LEASE_MILLISECONDS) {
      return aged(await underWay.moment, underWay.askedAt)
    }
    return this.#ask(accountId)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #ask(accountId: number): Promise<ReadMoment> {
    const waiting = { accountId, ...Promise.withResolvers<ReadMoment>() }
    this.#waiting.push(waiting)
    if (!this.#isLooking) {
      this.#isLooking = true
      setImmediate(() => void this.#lookForAll())
    }
    return waiting.promise
  }

  async #lookForAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const asking = this.#waiting.splice(0, ACCOUNTS_A_LOOK)
      const askedAt = performance.now()
      for (const { accountId, promise } of asking) {
        this.#underWay.set(accountId, { askedAt, moment: promise })
      }
      try {
        const momentOf = await this.#look(new Set(asking.map(({ accountId }) => accountId)))
        for (const { accountId, resolve } of asking) {
          const moment = momentOf(accountId)
          this.#remember(accountId, { askedAt, moment })
          resolve(moment)
        }
      } catch (error) {
        asking.forEach(({ reject }) => reject(error))
      }
      this.#underWay.clear()
    }
    this.#isLooking = false
  }

  #remember(accountId: number, seen: Seen<ReadMoment>): void {
    if (this.#seen.size >= MOST_SEEN) {
      this.#seen.clear()
    }
    this.#seen.set(accountId, seen)
  }

  async #look(accountIds: ReadonlySet<number>): Promise<(accountId: number) => ReadMoment> {
    const rows = await this.#read([EVERYBODY, ...accountIds])
    const stamps = new Map(rows.map(([subject, stamp]) => [Number(subject), stamp]))
    const everybody = stamps.get(EVERYBODY) ?? null
    const at = Number(rows[0]?.[2])
    return (accountId) => ({ account: stamps.get(accountId) ?? null, everybody, at })
  }

  async #read(subjects: readonly number[]): Promise<StampFields[]> {
    const client = await this.#connection.client()
    try {
      return await new Promise((resolve, reject) => {
        const ended = (error: unknown, rows: StampFields[]) =>
          error === null ? resolve(rows) : reject(error)
        client.query(new StampQuery(subjects, ended))
      })
    } catch (error) {
      this.#connection.discard()
      throw error
    }
  }
}

/** The database's clock has gone on meanwhile, by no more than this. */
function aged(moment: ReadMoment, askedAt: number): ReadMoment {
  return { ...moment, at: moment.at + performance.now() - askedAt }
}
