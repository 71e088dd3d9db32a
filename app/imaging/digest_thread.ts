import { Worker } from 'node:worker_threads'
import { digestsOf, type Digests } from './rewrite_plan.ts'

const PROGRAM = new URL('./digest_program.ts', import.meta.url)
/** It keeps next to nothing but the bytes of one job, which lie outside. */
const RESOURCES = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 }
const SMALLEST_SHARED_BYTES = 512 * 1024

/** A thread that hashes one thing after the other, so that this one can do something else meanwhile. */
export class DigestThread {
  readonly #worker: Worker
  #shared: Buffer = Buffer.alloc(0)
  #answer: { resolve: (digests: Digests) => void; fail: () => void } | null = null
  #isBroken = false

  constructor(program = PROGRAM) {
    this.#worker = new Worker(program, { resourceLimits: RESOURCES })
    this.#worker.on('message', (digests: Digests) => {
      this.#answer?.resolve(digests)
    })
    const broken = () => {
      this.#isBroken = true
      this.#answer?.fail()
    }
    this.#worker.on('error', broken)
    this.#worker.on('exit', broken)
    this.#worker.unref()
  }

  /** Whether it can be used again. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Hashes bytes, one call at a time; by itself, should the thread have died. */
  async digest(bytes: Buffer): Promise<Digests> {
    // One that died while it had nothing to do would never answer.
    if (this.#isBroken) {
      return digestsOf(bytes)
    }
    this.#share(bytes)
    const { promise, resolve } = Promise.withResolvers<Digests>()
    this.#answer = { resolve, fail: () => resolve(digestsOf(bytes)) }
    // A process that waits for an answer must not end before.
    this.#worker.ref()
    try {
      this.#worker.postMessage(bytes.length)
      return await promise
    } finally {
      this.#answer = null
      this.#worker.unref()
    }
  }

  /** Copying costs a twentieth of hashing, and memory that is used over and over costs nothing to get. */
  #share(bytes: Buffer): void {
    if (this.#shared.length < bytes.length) {
      const memory = new SharedArrayBuffer(Math.max(SMALLEST_SHARED_BYTES, bytes.length))
      this.#shared = Buffer.from(memory)
      this.#worker.postMessage(memory)
    }
    bytes.copy(this.#shared)
  }
}
