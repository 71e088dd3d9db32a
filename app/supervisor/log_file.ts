import { close, fstatSync, openSync, closeSync, renameSync, write } from 'node:fs'
import { Writable } from 'node:stream'

const LARGEST_BYTES = 16 * 1024 * 1024

/**
 * A log that is appended to. One that has grown large is put aside, in place of the one put aside before. A full disk
 * loses lines, not the process that writes them.
 */
export class LogFile extends Writable {
  readonly #path: string
  readonly #largest: number
  #file: number
  #size: number

  constructor(path: string, largest = LARGEST_BYTES) {
    super()
    this.#path = path
    this.#largest = largest
    this.#file = openForAppending(path)
    this.#size = fstatSync(this.#file).size
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#size > 0 && this.#size + chunk.length > this.#largest) {
      this.#putAside()
    }
    this.#size += chunk.length
    write(this.#file, chunk, () => done())
  }

  override _final(done: () => void): void {
    close(this.#file, () => done())
  }

  #putAside(): void {
    renameSync(this.#path, `${this.#path}.1`)
    closeSync(this.#file)
    this.#file = openForAppending(this.#path)
    this.#size = 0
  }
}

function openForAppending(path: string): number {
  return openSync(path, 'a', 0o600)
}
