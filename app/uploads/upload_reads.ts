import type pg from 'pg'
import { SharedLookUp, type FoundRow } from '#event_store/shared_look_up'
import type { UserSettingsChange } from '#read_models/user_settings'

/** What of who uploads decides about the upload. */
export interface UploaderFacts {
  /** The account's own settings; none for a visitor. */
  settings: UserSettingsChange
  /** What the images of the account, or of all visitors, weigh together, to the byte: the sum that bounds uploads. */
  usedBytes: number
}

interface WantedUploader {
  /** `null` for a visitor. */
  accountId: number | null
  /** The budget that the bytes are counted in. */
  scope: string
}

interface UploaderRow extends FoundRow {
  settings: UserSettingsChange | null
  used: string | null
}

interface RecordRow extends FoundRow {
  recorded_at: Date | null
}

/**
 * What each upload reads of its own; uploads at the same moment share the statements. Each row is found by a subquery, which
 * PostgreSQL can only answer by an index: a join would be planned as a walk through a table while that is new and small, and
 * go on so while it grows.
 */
export class UploadReads {
  readonly #uploaders: SharedLookUp<WantedUploader, UploaderRow>
  readonly #records: SharedLookUp<number, RecordRow>

  constructor(pool: pg.Pool) {
    this.#uploaders = new SharedLookUp(pool, (wanted) => ({
      name: 'uploaders',
      text: `select w.n::integer,
               (select a.settings from read.accounts a where a.account_id = w.account_id) as settings,
               (select b.used from log.budgets b where b.scope = w.scope) as used
             from unnest($1::bigint[], $2::text[]) with ordinality as w(account_id, scope, n)`,
      values: [wanted.map(({ accountId }) => accountId), wanted.map(({ scope }) => scope)],
    }))
    this.#records = new SharedLookUp(pool, (positions) => ({
      name: 'recorded_at',
      text: `select w.n::integer,
               (select e.recorded_at from log.events e where e.position = w.position) as recorded_at
             from unnest($1::bigint[]) with ordinality as w(position, n)`,
      values: [positions],
    }))
  }

  async findUploader(wanted: WantedUploader): Promise<UploaderFacts> {
    const row = await this.#uploaders.find(wanted)
    return { settings: row?.settings ?? {}, usedBytes: Number(row?.used ?? 0) }
  }

  /** When the event at a position was recorded, as RFC 3339; now, where the log has none there. */
  async findMoment(position: number): Promise<string> {
    const row = await this.#records.find(position)
    return (row?.recorded_at ?? new Date()).toISOString()
  }
}
