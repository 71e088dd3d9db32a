import { availableParallelism } from 'node:os'
import { ImagingBusyError } from '../errors.ts'
import type { Budget, Result, Task, TaskName } from './tasks.ts'
import { WorkshopProcess } from './workshop_process.ts'

export interface WorkshopOptions {
  /** Processes that work at once. */
  processes?: number
  /** Tasks that may wait for one. */
  waiting?: number
  /** How long a process without work is kept. */
  idleSeconds?: number
}

const MOST_PROCESSES = 2
const MOST_WAITING = 64
const IDLE_SECONDS = 60
const RETRY_AFTER_SECONDS = 5

/**
 * Does heavy and risky work on images in processes of its own: nothing there holds up this one, and one that costs too
 * much is ended, whatever library it is stuck in. They are started when there is work, and end when there is none.
 */
export class Workshop {
  readonly #limits: { processes: number; waiting: number; idleSeconds: number }
  readonly #idle: WorkshopProcess[] = []
  readonly #waiting: (() => void)[] = []
  readonly #running = new Set<WorkshopProcess>()
  #taken = 0

  constructor(options: WorkshopOptions = {}) {
    this.#limits = {
      processes: options.processes ?? Math.min(MOST_PROCESSES, availableParallelism()),
      waiting: options.waiting ?? MOST_WAITING,
      idleSeconds: options.idleSeconds ?? IDLE_SECONDS,
    }
  }

  /**
   * @throws ImagingBusyError when too many wait already
   * @throws ImagingError E_IMAGE_TOO_SLOW when the budget is used up, E_IMAGE_CORRUPT when the work breaks the process,
   * and what the work itself fails with
   */
  async run<Name extends TaskName>(
    name: Name,
    task: Task<Name>,
    budget: Budget
  ): Promise<Result<Name>> {
    await this.#takePlace()
    const worker = this.#idle.pop() ?? new WorkshopProcess()
    this.#running.add(worker)
    try {
      return await worker.run({ name, task, budget })
    } finally {
      this.#running.delete(worker)
      this.#putBack(worker)
      this.#givePlace()
    }
  }

  /** Ends all processes, also those that work. */
  async close(): Promise<void> {
    const workers = [...this.#idle.splice(0), ...this.#running]
    await Promise.all(workers.map((worker) => worker.end()))
  }

  async #takePlace(): Promise<void> {
    if (this.#taken < this.#limits.processes) {
      this.#taken += 1
      return
    }
    if (this.#waiting.length >= this.#limits.waiting) {
      throw new ImagingBusyError(RETRY_AFTER_SECONDS)
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** A place goes to who waits longest, or becomes free. */
  #givePlace(): void {
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#taken -= 1
    } else {
      next()
    }
  }

  #putBack(worker: WorkshopProcess): void {
    if (!worker.isUsable) {
      return
    }
    this.#idle.push(worker)
    worker.whenIdle(this.#limits.idleSeconds, () => {
      const index = this.#idle.indexOf(worker)
      if (index !== -1) {
        this.#idle.splice(index, 1)
        void worker.end()
      }
    })
  }
}
