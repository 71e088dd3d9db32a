import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { AuditEntries, insertEntries } from './audit_entries.ts'
import type { WorkerPorts } from './ports.ts'

/** Writes the audit log from the event log. An entry bears its event's position, so it is written once. */
export class AuditWorker implements Processor {
  readonly queue = 'audit'
  readonly #ports: Pick<WorkerPorts, 'pool' | 'eventStore'>
  readonly #entries: AuditEntries

  constructor(ports: Pick<WorkerPorts, 'pool' | 'eventStore'>) {
    this.#ports = ports
    this.#entries = new AuditEntries(ports.eventStore)
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    const positions = assignments.map(({ eventPosition }) => eventPosition)
    const events = await this.#ports.eventStore.readAt(positions)
    await insertEntries(this.#ports.pool, await this.#entries.of(events))
  }
}
