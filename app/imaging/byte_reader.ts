import type { FileHandle } from 'node:fs/promises'
import { corrupt } from './errors.ts'

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
      throw corrupt('The image ends too early')
    }
    if (at < this.#start || at + length > this.#start + this.#window.length) {
      await this.#load(at, length)
    }
    return this.#window.subarray(at - this.#start, at - this.#start + length)
  }

  /**
   * What is in memory from `at` on, so many bytes at least. To be walked without waiting for each byte: a file can be
   * made of millions of parts.
   *
   * @throws ImagingError E_IMAGE_CORRUPT when the file ends before
   */
  async stretch(at: number, atLeast: number): Promise<Buffer> {
    await this.bytes(at, atLeast)
    return this.#window.subarray(at - this.#start)
  }

  async #load(at: number, length: number) {
    const wanted = Math.min(Math.max(WINDOW_BYTES, length), this.size - at)
    const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(wanted), 0, wanted, at)
    if (bytesRead < length) {
      throw corrupt('The image ends too early')
    }
    this.#window = buffer.subarray(0, bytesRead)
    this.#start = at
  }
}
