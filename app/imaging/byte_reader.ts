import type { FileHandle } from 'node:fs/promises'
import { ImagingError } from './errors.ts'

const WINDOW_BYTES = 256 * 1024

/** Reads here and there in a file through one window, so that walking it costs few calls and bounded memory. */
export class ByteReader {
  readonly size: number
  readonly #file: FileHandle
  #window = Buffer.alloc(0)
  #start = 0

  constructor(file: FileHandle, size: number) {
    this.#file = file
    this.size = size
  }

  /** @throws ImagingError E_IMAGE_CORRUPT when the file ends before */
  async bytes(at: number, length: number): Promise<Buffer> {
    if (at + length > this.size) {
      throw new ImagingError('E_IMAGE_CORRUPT', 'The image ends too early')
    }
    if (at < this.#start || at + length > this.#start + this.#window.length) {
      await this.#load(at, length)
    }
    return this.#window.subarray(at - this.#start, at - this.#start + length)
  }

  /** Where a byte stands next, from `at` on, or -1. */
  async indexOf(byte: number, at: number): Promise<number> {
    for (let from = at; from < this.size;) {
      const length = Math.min(WINDOW_BYTES, this.size - from)
      const found = (await this.bytes(from, length)).indexOf(byte)
      if (found !== -1) {
        return from + found
      }
      from += length
    }
    return -1
  }

  async #load(at: number, length: number) {
    const wanted = Math.min(Math.max(WINDOW_BYTES, length), this.size - at)
    const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(wanted), 0, wanted, at)
    if (bytesRead < length) {
      throw new ImagingError('E_IMAGE_CORRUPT', 'The image ends too early')
    }
    this.#window = buffer.subarray(0, bytesRead)
    this.#start = at
  }
}
