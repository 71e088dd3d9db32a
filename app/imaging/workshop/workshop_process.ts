import { fork, type ChildProcess } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { corrupt, ImagingError, IMAGING_ERROR_CODES } from '../errors.ts'
import { type Answer, type Budget, type OrderOf, type Result, type TaskName } from './tasks.ts'

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url))

/** The heap of JavaScript: what it works on are pixels, which lie elsewhere. */
const HEAP_MEGABYTES = 256

/** One process of the workshop, seen from outside: it does one task after the other. */
export class WorkshopProcess {
  readonly #child: ChildProcess
  #idleTimer: NodeJS.Timeout | undefined
  #isOver = false

  /** @param environment What its libraries are to know of beside the usual */
  constructor(environment: Record<string, string> = {}) {
    this.#child = fork(PROGRAM, [], {
      execArgv: [`--max-old-space-size=${HEAP_MEGABYTES}`, '--disable-warning=ExperimentalWarning'],
      // It works on what strangers send: it knows no secret, and says nothing.
      env: { TMPDIR: tmpdir(), VIPS_CONCURRENCY: '1', MALLOC_ARENA_MAX: '2', ...environment },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    })
    this.#child.once('exit', () => (this.#isOver = true))
    this.#child.on('error', () => {})
    this.#letGo()
  }

  /** Whether it can take a task: it has not ended. */
  get isUsable(): boolean {
    return !this.#isOver && this.#child.connected
  }

  /** @throws ImagingError E_IMAGE_TOO_SLOW, E_IMAGE_CORRUPT, and what the work itself fails with */
  async run<Name extends TaskName>(order: OrderOf<Name>): Promise<Result<Name>> {
    clearTimeout(this.#idleTimer)
    this.#child.ref()
    this.#child.channel?.ref()
    try {
      const answer = await this.#answerTo(order)
      if (answer.kind === 'failed') {
        throw errorOf(answer)
      }
      return answer.result as Result<Name>
    } finally {
      this.#letGo()
    }
  }

  /** Calls when it has had nothing to do for so long. */
  whenIdle(seconds: number, call: () => void): void {
    this.#idleTimer = setTimeout(call, seconds * 1_000).unref()
  }

  async end(): Promise<void> {
    clearTimeout(this.#idleTimer)
    if (!this.#isOver) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve))
      this.#child.ref()
      this.#child.kill('SIGKILL')
      await ended
    }
  }

  /** One without work does not keep the program alive. */
  #letGo(): void {
    this.#child.unref()
    this.#child.channel?.unref()
  }

  #answerTo(order: OrderOf<TaskName>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const clock = setTimeout(() => this.#child.kill('SIGKILL'), order.budget.seconds * 1_000)
      const settle = (act: () => void) => {
        clearTimeout(clock)
        this.#child.off('message', answered)
        this.#child.off('exit', ended)
        act()
      }
      const answered = (answer: Answer) => settle(() => resolve(answer))
      const ended = (_code: number | null, signal: NodeJS.Signals | null) => {
        const reason =
          signal === 'SIGKILL' ? tooCostly(order.budget) : corrupt('The image is damaged')
        settle(() => reject(reason))
      }
      this.#child.on('message', answered)
      this.#child.on('exit', ended)
      this.#child.send(order, (error) => {
        if (error !== null) {
          settle(() => reject(error))
        }
      })
    })
  }
}

function tooCostly({ cpuSeconds }: Budget): ImagingError {
  return new ImagingError(
    'E_IMAGE_TOO_SLOW',
    `The image takes more than ${cpuSeconds} s, or too much memory, to work on`
  )
}

/** The fault as the process saw it: the file's, or the disk's. */
function errorOf({ code, message }: Extract<Answer, { kind: 'failed' }>): Error {
  const isImaging = IMAGING_ERROR_CODES.find((known) => known === code)
  return isImaging === undefined
    ? Object.assign(new Error(message), { code })
    : new ImagingError(isImaging, message)
}
