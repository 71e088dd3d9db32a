import pg from 'pg'
import type { DomainEvent } from '#domain/catalogue'
import { EventCodec } from '#event_store/event_codec'
import type { PostgresEventStore } from '#event_store/postgres_event_store'
import { chainHash, GENESIS_HASH, type StoredEvent } from '#event_store/stored_event'
import { CommandRunner } from '#handlers/command_runner'
import { verifyLog, type LogReport, type VerifyOptions } from '#proofs/verify_log'
import { createTestDatabase } from '#tests/helpers/database'
import { openTestStore, TEST_SITE_KEY } from '#tests/helpers/event_store'
import { METADATA, removalData, uploadData } from '#tests/helpers/events'

const TABLES = ['events', 'head', 'claims', 'budgets', 'commands']

/** A log of a small site, and a superuser who can do anything to it and undo it. */
export class TamperedLog {
  readonly url: string
  readonly store: PostgresEventStore
  readonly client: pg.Client
  readonly #drop: () => Promise<void>

  private constructor(url: string, drop: () => Promise<void>) {
    this.url = url
    this.store = openTestStore(url)
    this.client = new pg.Client({ connectionString: url })
    this.#drop = drop
  }

  static async create(): Promise<TamperedLog> {
    const database = await createTestDatabase()
    const log = new TamperedLog(database.url, database.drop)
    await log.client.connect()
    await writeSite(log.store)
    await log.client.query('create schema kept; alter table log.events disable trigger user')
    for (const table of TABLES) {
      await log.client.query(`create table kept.${table} as table log.${table}`)
    }
    return log
  }

  verify(options: Partial<VerifyOptions> = {}): Promise<LogReport> {
    return verifyLog({
      connectionString: this.url,
      codec: new EventCodec(this.store.keyRing, TEST_SITE_KEY),
      ...options,
    })
  }

  /** Everything as it was before. */
  async restore(): Promise<void> {
    for (const table of TABLES) {
      await this.client.query(
        `delete from log.${table}; insert into log.${table} select * from kept.${table}`
      )
    }
  }

  /** Moves all events from a position on. */
  async renumber(from: number, by: number): Promise<void> {
    await this.client.query(`
      update log.events set position = -position where position >= ${from};
      update log.events set position = -position + ${by} where position < 0`)
  }

  /** Makes hashes that fit for these events, as someone would who knows how they are made. */
  async rehash(first: number, last: number): Promise<void> {
    const events = await this.store.readStored({ after: 0, limit: 10_000 })
    const before = events.find(({ position }) => position === first - 1)
    let previous = before?.hash ?? GENESIS_HASH
    for (const event of events.filter((one) => isWithin(one, first, last))) {
      previous = chainHash(previous, event)
      await this.client.query('update log.events set hash = $1 where position = $2', [
        previous,
        event.position,
      ])
    }
  }

  /** The same for the head. */
  async rehead(): Promise<void> {
    await this.client.query(
      `update log.head set (position, hash) =
         (select position, hash from log.events order by position desc limit 1)`
    )
  }

  async close(): Promise<void> {
    await this.client.end()
    await this.store.close()
    await this.#drop()
  }
}

function isWithin({ position }: StoredEvent, first: number, last: number): boolean {
  return position >= first && position <= last
}

async function writeSite(store: PostgresEventStore): Promise<void> {
  const runner = new CommandRunner(store)
  const write = (stream: string, ...events: DomainEvent[]) =>
    runner.append(
      {
        stream,
        context: {
          actor: METADATA.actor,
          correlationId: stream,
          causationId: null,
          ip: METADATA.ip,
          userAgent: METADATA.user_agent,
          source: 'api',
          commandId: `write ${stream} ${events[0]?.type}`,
        },
        body: ['write', {}],
      },
      'any',
      events
    )
  for (const id of [1, 2]) {
    await write(`account-${id}`, {
      type: 'account.registered',
      data: {
        account_id: id,
        email: `person${id}@example.org`,
        name: `Zoë ${id}`,
        role: 'admin',
        group_id: 1,
        capacity_bytes: 1_000_000,
        email_verified: true,
        origin: id === 1 ? 'setup' : 'registration',
      },
    })
  }
  for (let id = 1; id <= 12; id++) {
    const data = uploadData(id, { origin_name: `日没 ${id}.jpg`, owner_id: 1 + (id % 2) })
    await write(`image-${id}`, { type: 'image.uploaded', data })
    await write(`image-${id}`, {
      type: 'image.permission_changed',
      data: { image_id: id, from: 1, to: 0 },
    })
    if (id % 3 === 0) {
      await write(`image-${id}`, { type: 'image.deleted', data: removalData(data) })
    }
  }
  await write('account-2', {
    type: 'account.email_changed',
    data: { account_id: 2, from: 'person2@example.org', to: 'other@example.org' },
  })
}
