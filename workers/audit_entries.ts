import { accountBehind } from '#domain/audit/actor'
import { settledEarlier } from '#domain/audit/earlier'
import { auditRule, factsWanted, TELLING_TYPES } from '#domain/audit/tell'
import { categoryOf } from '#domain/streams'
import type { EventStore, RecordedEvent } from '#event_store/port'
import type pg from 'pg'
import { UploadAuditing } from './upload_auditing.ts'

/** A row of `read.audit_logs`. */
export interface AuditEntry {
  /** The event's position. */
  id: number
  event_id: string
  actor_kind: string
  actor_user_id: number | null
  action: string
  resource_type: string
  resource_id: string | null
  /** Positions of the earlier events that know what was there before. */
  earlier: number[]
  created_at: string
}

/** Makes entries from events: a function of the log alone, so that a rebuild comes to the same ones. */
export class AuditEntries {
  readonly #eventStore: Pick<EventStore, 'readStream'>
  readonly #uploads: UploadAuditing

  constructor(eventStore: Pick<EventStore, 'readStream'>) {
    this.#eventStore = eventStore
    this.#uploads = new UploadAuditing(eventStore)
  }

  /** The entries of those events that are worth one. */
  async of(events: readonly RecordedEvent[]): Promise<AuditEntry[]> {
    await this.#uploads.catchUp()
    const worthy = events.filter((event) => this.#isWorthy(event))
    const earlier = await this.#findEarlier(worthy)
    return worthy.map((event) => entryOf(event, earlier.get(event.position) ?? []))
  }

  #isWorthy({ type, position }: RecordedEvent): boolean {
    const { entry } = auditRule(type)
    return entry === 'uploads' ? this.#uploads.auditedAt(position) : entry === 'always'
  }

  /** Each stream that is asked is read once, without the events that settle nothing, such as sign-ins. */
  async #findEarlier(events: readonly RecordedEvent[]): Promise<Map<number, number[]>> {
    const asking = events.filter((event) => event.version > 1 && factsWanted(event).length > 0)
    const found = new Map<number, number[]>()
    for (const [stream, ofStream] of Map.groupBy(asking, (event) => event.stream)) {
      const asked = ofStream.toSorted((one, other) => one.version - other.version)
      const history = await this.#eventStore.readStream(stream, {
        to: (asked.at(-1)?.version ?? 1) - 1,
        types: TELLING_TYPES,
      })
      for (const [event, settlers] of settledEarlier(asked, history)) {
        found.set(
          event.position,
          settlers.map(({ position }) => position)
        )
      }
    }
    return found
  }
}

/** Entries that are there already stay as they are. */
export async function insertEntries(
  client: Pick<pg.ClientBase, 'query'>,
  entries: readonly AuditEntry[]
): Promise<void> {
  await client.query({
    name: 'insert_audit_entries',
    text: `insert into read.audit_logs
             (id, event_id, actor_kind, actor_user_id, action, resource_type, resource_id, earlier, created_at)
           select id, event_id, actor_kind, actor_user_id, action, resource_type, resource_id, earlier, created_at
           from json_to_recordset($1::json) as r(
             id bigint, event_id uuid, actor_kind text, actor_user_id bigint, action text,
             resource_type text, resource_id text, earlier bigint[], created_at timestamptz)
           on conflict (id) do nothing`,
    values: [JSON.stringify(entries)],
  })
}

function entryOf(event: RecordedEvent, earlier: number[]): AuditEntry {
  const { metadata, stream } = event
  const category = categoryOf(stream)
  return {
    id: event.position,
    event_id: event.id,
    actor_kind: metadata.actor.kind,
    actor_user_id: accountBehind(event),
    action: event.type,
    resource_type: category,
    resource_id: stream === category ? null : stream.slice(category.length + 1),
    earlier,
    created_at: event.recordedAt,
  }
}
