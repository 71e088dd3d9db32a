import { jobContext } from '#jobs/job_context'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { imageIdOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'

/** Expires images whose time has come. One whose time was moved meanwhile is left alone: the decision looks again. */
export class ExpiryWorker implements Processor {
  readonly queue = 'expiry'
  readonly #ports: Pick<WorkerPorts, 'handlers'>

  constructor(ports: Pick<WorkerPorts, 'handlers'>) {
    this.#ports = ports
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      await this.#ports.handlers.image.expireImage(
        { imageId: imageIdOf(assignment.payload), now: new Date().toISOString() },
        jobContext(assignment, 'expired')
      )
    }
  }
}
