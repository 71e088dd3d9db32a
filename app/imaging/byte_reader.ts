import type { FileHandle } from 'node:fs/promises'
import { corrupt } from './errors.ts'

const WINDOW_BYTES = 256 * 1024

/** Reads here and there in bytes; in a file through one window, so that walking it costs few calls and bounded memory. */
export class ByteReader {
  readonly size: number
  readonly #source: FileHandle | Buffer
  #window: Buffer
  #start = 0

  constructor(source: FileHandle | Buffer, size: number) {
    this.#source = source
    this.#window = Buffer.isBuffer(source) ? source : Buffer.alloc(0)
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

  /** All bytes of a stretch, `to` not included, piece by piece; a piece stays what it is. */
  async *pieces(from: number, to: number): AsyncIterable<Buffer> {
    for (let at = from; at < to;) {
      const piece = (await this.stretch(at, 1)).subarray(0, to - at)
      yield piece
      at += piece.length
    }
  }

  async #load(at: number, length: number) {
    if (Buffer.isBuffer(this.#source)) {
      throw corrupt('The image ends too early')
    }
    const wanted = Math.min(Math.max(WINDOW_BYTES, length), this.size - at)
    const { buffer, bytesRead } = await this.#source.read(Buffer.allocUnsafe(wanted), 0, wanted, at)
    if (bytesRead < length) {
      throw corrupt('The image ends too early')
    }
    this.#window = buffer.subarray(0, bytesRead)
    this.#start = at
  }
}
