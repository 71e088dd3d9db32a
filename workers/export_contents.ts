import { Readable } from 'node:stream'
import pg from 'pg'
import type { AccountEvent } from '#domain/account/events'
import { evolveAccount } from '#domain/account/state'
import { streams } from '#domain/streams'
import type { RecordedEvent } from '#event_store/port'
import { loadState } from '#handlers/load_state'
import { StorageError } from '#storage/errors'
import { fileNameFor, jsonArray, type ArchivePart } from './export_archive.ts'
import type { WorkerPorts } from './ports.ts'
import { strategyOf } from './strategy_settings.ts'

const PAGE = 500

type ContentPorts = Pick<WorkerPorts, 'pool' | 'eventStore' | 'objectStores'>

interface OwnImage {
  image_id: number
  key: string
  origin_name: string | null
  extension: string
  strategy_id: number
  object_key: string
}

/** All that the site has of a person: what it knows as JSON, and the images as they are stored. */
export class ExportContents {
  readonly #ports: ContentPorts
  readonly #accountId: number

  constructor(ports: ContentPorts, accountId: number) {
    this.#ports = ports
    this.#accountId = accountId
  }

  async *parts(): AsyncGenerator<ArchivePart> {
    yield text('README.txt', async () => Readable.from([ABOUT]))
    yield text('profile.json', async () => Readable.from([await this.#profile()]))
    yield text('images.json', async () => jsonArray(this.#images(describeImage)))
    yield text('albums.json', async () => jsonArray(this.#rows(ALBUMS)))
    yield text('api_tokens.json', async () => jsonArray(this.#rows(API_TOKENS)))
    yield text('shared_links.json', async () => jsonArray(this.#rows(SHARES)))
    yield text('history.json', async () => jsonArray(this.#history()))
    yield text('audit.json', async () => jsonArray(this.#acts()))
    for await (const image of this.#images((row) => row)) {
      yield { name: pathOf(image), compress: false, open: () => this.#open(image) }
    }
  }

  async #profile(): Promise<string> {
    const stream = streams.account(this.#accountId)
    const account = await loadState(
      this.#ports.eventStore,
      stream,
      (state: ReturnType<typeof evolveAccount>, event: AccountEvent) => evolveAccount(state, event)
    )
    const [registered] = await this.#ports.eventStore.readStream(stream, { limit: 1 })
    const profile = {
      id: this.#accountId,
      email: account?.email,
      email_verified: account?.emailVerified,
      name: account?.name,
      role: account?.role,
      capacity_bytes: account?.capacityBytes,
      settings: account?.settings,
      created_at: registered?.recordedAt,
    }
    return `${JSON.stringify(profile, null, 2)}\n`
  }

  async *#images<Result>(tell: (row: OwnImage) => Result): AsyncGenerator<Result> {
    for await (const row of this.#rows<OwnImage>(IMAGES)) {
      yield tell(row)
    }
  }

  /** What happened to the account and to what it owns now, in the order of each. */
  async *#history(): AsyncGenerator<object> {
    yield* this.#eventsOf(streams.account(this.#accountId))
    const owned = [
      [IMAGES, streams.image],
      [ALBUMS, streams.album],
      [API_TOKENS, streams.apiToken],
    ] as const
    for (const [table, streamOf] of owned) {
      for await (const row of this.#rows(table)) {
        yield* this.#eventsOf(streamOf(Number(row[table.key])))
      }
    }
  }

  async *#eventsOf(stream: string): AsyncGenerator<object> {
    for (const event of await this.#ports.eventStore.readStream(stream)) {
      const { type, data, recordedAt } = event
      yield { at: recordedAt, what: type, of: stream, ...this.#circumstances(event), data }
    }
  }

  /** What the audit log has of the person's acts, also on what is gone; what an administrator did to others is not theirs. */
  async *#acts(): AsyncGenerator<object> {
    for await (const { id, ...entry } of this.#rows<{ id: number }>(ACTS)) {
      const [event] = await this.#ports.eventStore.readAt([id])
      yield { ...entry, ...(event && this.#circumstances(event)) }
    }
  }

  /** Addresses of others are not the person's to have. */
  #circumstances({ metadata, stream }: RecordedEvent) {
    const { actor, ip, user_agent: userAgent } = metadata
    const isTheirs = actor.account_id === this.#accountId
    const isUnknown = actor.kind === 'anonymous' && stream === streams.account(this.#accountId)
    return {
      by: isTheirs ? 'you' : actor.kind === 'account' ? 'somebody else' : actor.kind,
      ...(isTheirs || isUnknown ? { ip, user_agent: userAgent } : {}),
    }
  }

  async #open({ strategy_id: strategyId, object_key: key }: OwnImage): Promise<Readable> {
    const { pool, objectStores } = this.#ports
    try {
      return await objectStores.get(await strategyOf(pool, strategyId)).read(key)
    } catch (error) {
      if (error instanceof StorageError && error.code === 'E_OBJECT_MISSING') {
        return Readable.from(['The bytes of this image are missing in the storage of the site.\n'])
      }
      throw error
    }
  }

  async *#rows<Row extends Record<keyof Row, unknown> = Record<string, unknown>>({
    text: query,
    key,
  }: OwnRows): AsyncGenerator<Row> {
    for (let last = 0; ;) {
      const { rows } = await this.#ports.pool.query<Row & pg.QueryResultRow>({
        text: query,
        values: [this.#accountId, last, PAGE],
        types: EXACT_NUMBERS,
      })
      yield* rows
      const lastRow = rows.at(-1)
      if (lastRow === undefined || rows.length < PAGE) {
        return
      }
      last = Number(lastRow[key])
    }
  }
}

/** Ids and sizes are numbers, as in the API. */
const EXACT_NUMBERS: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) =>
    oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid),
}

interface OwnRows {
  /** Takes the account, the key to go on after, and how many. */
  text: string
  key: string
}

const IMAGES: OwnRows = {
  key: 'image_id',
  text: `select image_id, key, origin_name, album_id, size_bytes, mimetype, extension, width, height, frames,
           md5, sha1, sha256, permission, moderation_status, moderation_reason, expires_at, deleted_at,
           created_at, strategy_id, object_key
         from read.images where owner_id = $1 and image_id > $2 order by image_id limit $3`,
}

const ALBUMS: OwnRows = {
  key: 'album_id',
  text: `select album_id, name, intro, image_num, created_at, updated_at
         from read.albums where owner_id = $1 and album_id > $2 order by album_id limit $3`,
}

const API_TOKENS: OwnRows = {
  key: 'token_id',
  text: `select t.token_id, t.name, t.scopes, t.expires_at, t.created_at, s.last_used_at
         from read.api_tokens t left join secrets.api_tokens s on s.token_id = t.token_id
         where t.account_id = $1 and t.token_id > $2 order by t.token_id limit $3`,
}

const SHARES: OwnRows = {
  key: 'share_id',
  text: `select share_id, image_id, expires_at, max_views, views, last_viewed_at, created_at
         from read.shares where owner_id = $1 and share_id > $2 order by share_id limit $3`,
}

const ACTS: OwnRows = {
  key: 'id',
  text: `select id, created_at as at, action as what, resource_type, resource_id
         from read.audit_logs where actor_user_id = $1 and id > $2 order by id limit $3`,
}

const ABOUT = `What this site has of you.

profile.json        your account and its settings
images.json         your images, also those in the trash; "file" says which file in this archive each is
images/             the images as they are stored
albums.json         your albums
api_tokens.json     your API tokens: what they are called and may do, never the tokens themselves
shared_links.json   links that you have shared
history.json        what happened to your account, images, albums and tokens, by whom, and from where when it was you
audit.json          what you did, also to things that are gone
`

function text(name: string, open: () => Promise<Readable>): ArchivePart {
  return { name, compress: true, open }
}

/** Where its bytes lie in the site's storage is the site's matter. */
function describeImage(row: OwnImage): object {
  return { ...row, strategy_id: undefined, object_key: undefined, file: pathOf(row) }
}

/** The original name with the extension that the stored bytes have. */
function pathOf({ key, origin_name: name, extension }: OwnImage): string {
  const stem = fileNameFor((name ?? '').replace(/\.[^.]{1,5}$/, ''))
  return `images/${key}/${stem === '' ? key : stem}.${extension}`
}
