import { findEventDefinition } from '#domain/catalogue'
import { categoryOf } from '#domain/streams'
import type { RecordedEvent } from '#event_store/port'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import type { WorkerPorts } from './ports.ts'

/** Writes the audit log from the event log. An entry bears its event's position, so it is written once. */
export class AuditWorker implements Processor {
  readonly queue = 'audit'
  readonly #ports: Pick<WorkerPorts, 'pool' | 'eventStore'>

  constructor(ports: Pick<WorkerPorts, 'pool' | 'eventStore'>) {
    this.#ports = ports
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    const wanted = new Set(assignments.map(({ eventPosition }) => eventPosition))
    const events = await this.#read(wanted)
    await this.#ports.pool.query({
      name: 'write_audit_logs',
      text: `insert into read.audit_logs
               (id, event_id, actor_kind, actor_user_id, action, resource_type, resource_id, details, created_at)
             select id, event_id, actor_kind, actor_user_id, action, resource_type, resource_id, details, created_at
             from json_to_recordset($1::json) as r(
               id bigint, event_id uuid, actor_kind text, actor_user_id bigint, action text,
               resource_type text, resource_id text, details jsonb, created_at timestamptz)
             on conflict (id) do nothing`,
      values: [JSON.stringify(events.map(entryOf))],
    })
  }

  /** The events at these positions, which lie close together, in pages. */
  async #read(positions: ReadonlySet<number>): Promise<RecordedEvent[]> {
    const last = Math.max(...positions)
    const found: RecordedEvent[] = []
    for (let after = Math.min(...positions) - 1; after < last;) {
      const page = await this.#ports.eventStore.readAll({ after, upTo: last, limit: 500 })
      found.push(...page.filter(({ position }) => positions.has(position)))
      after = page.at(-1)?.position ?? last
    }
    return found
  }
}

function entryOf(event: RecordedEvent) {
  const { metadata, stream } = event
  const personal = findEventDefinition(event.type)?.personal?.fields ?? []
  const category = categoryOf(stream)
  return {
    id: event.position,
    event_id: event.id,
    actor_kind: metadata.actor.kind,
    actor_user_id: metadata.actor.account_id,
    action: event.type,
    resource_type: category,
    resource_id: stream === category ? null : stream.slice(category.length + 1),
    details: Object.fromEntries(
      Object.entries(event.data).filter(([name]) => !personal.includes(name))
    ),
    created_at: event.recordedAt,
  }
}
