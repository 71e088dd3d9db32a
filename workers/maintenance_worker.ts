import { jobContext } from '#jobs/job_context'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { listParked, retryParked } from '#projections/parking'
import type { AnyProjection } from '#projections/projection'
import { selectProjections } from '#projections/selection'
import { projectionOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'
import { RebuildProgressNotes } from './rebuild_progress_notes.ts'

type MaintenancePorts = Pick<
  WorkerPorts,
  'pool' | 'eventStore' | 'handlers' | 'databaseUrl' | 'rebuild'
>

/** Rebuilds read models and folds parked events again, as administrators have asked. */
export class MaintenanceWorker implements Processor {
  readonly queue = 'maintenance'
  readonly #ports: MaintenancePorts
  readonly #notes: RebuildProgressNotes

  constructor(ports: MaintenancePorts) {
    this.#ports = ports
    this.#notes = new RebuildProgressNotes(ports.pool)
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      const [cause] = await this.#ports.eventStore.readAt([assignment.eventPosition])
      const [projection] = selectProjections([projectionOf(assignment.payload)])
      if (projection === undefined) {
        continue
      }
      if (cause?.type === 'projection.retry_requested') {
        await this.#retry(projection, cause.data.stream)
      } else if (cause?.type === 'projection.rebuild_requested') {
        await this.#rebuild(projection, cause.data, assignment)
      }
    }
  }

  async giveUp(work: Assignment): Promise<void> {
    const projection = projectionOf(work.payload)
    await this.#notes.end(projection)
    await this.#ports.handlers.maintenance.recordRebuildFailure(
      { projection },
      jobContext(work, 'failed')
    )
  }

  /** A run that was broken off left its copy behind; the next one begins with a new one. */
  async #rebuild(
    projection: AnyProjection,
    { gate, dry_run: dryRun }: { gate: boolean; dry_run: boolean },
    assignment: Assignment
  ): Promise<void> {
    const { handlers } = this.#ports
    await this.#notes.begin(projection.name)
    const results = await this.#ports.rebuild({
      projections: [projection],
      gate,
      dryRun,
      progress: (progress) => this.#notes.note(progress),
    })
    for (const { position, difference, switched } of results) {
      await handlers.maintenance.recordRebuilt(
        {
          projection: projection.name,
          position,
          differing_rows: difference?.count ?? null,
          switched,
        },
        jobContext(assignment, 'rebuilt')
      )
    }
    await this.#notes.end(projection.name)
  }

  /** What stays parked stays listed, with its reason. */
  async #retry(projection: AnyProjection, stream: string | null): Promise<void> {
    const { pool, eventStore, databaseUrl: connectionString } = this.#ports
    for (const { projection: name, partitionKey } of await listParked(pool)) {
      if (name === projection.name && (stream === null || stream === partitionKey)) {
        await retryParked({ connectionString, eventStore, projection, partitionKey })
      }
    }
  }
}
