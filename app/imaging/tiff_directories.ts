import type { ByteReader } from './byte_reader.ts'
import { corrupt, ImagingError, tooLarge } from './errors.ts'

export interface TiffEntry {
  tag: number
  type: number
  count: number
  /** Where the entry stands, 12 bytes long. */
  at: number
  /** Where its value stands: in the entry, or elsewhere. */
  value: { from: number; to: number }
}

/** A directory describes a picture, or holds what is known of one (EXIF and what hangs on it). */
export interface TiffDirectory {
  kind: 'picture' | 'description'
  from: number
  to: number
  entries: TiffEntry[]
}

export interface TiffOutline {
  littleEndian: boolean
  directories: TiffDirectory[]
}

const ENTRY_BYTES = 12
const MOST_ENTRIES = 4_096
const MOST_ENTRIES_TOGETHER = 50_000
/** Bytes of one value, by the entry's type. */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
}
const SUB_PICTURES = 330
/** EXIF, GPS and interoperability. */
const DESCRIPTIONS = new Set([34665, 34853, 40965])
const DNG_VERSION = 50706

/**
 * The directories of a TIFF (revision 6.0, section 2), those of its pages first in line and those that hang on them.
 *
 * @throws ImagingError E_IMAGE_CORRUPT also for directories that go round in a loop, E_IMAGE_TOO_LARGE for too many,
 * E_IMAGE_UNSUPPORTED for a raw photograph
 */
export async function readTiffDirectories(
  reader: ByteReader,
  limits: { pages: number }
): Promise<TiffOutline> {
  const littleEndian = (await reader.bytes(0, 2)).toString('latin1') === 'II'
  const read = new TiffReader(reader, littleEndian)
  const due: { at: number; kind: TiffDirectory['kind'] }[] = [
    { at: await read.offset(4), kind: 'picture' },
  ]
  const directories: TiffDirectory[] = []
  const seen = new Set<number>()
  let entries = 0
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    if (seen.has(next.at)) {
      throw corrupt('The directories of the TIFF go round in a loop')
    }
    seen.add(next.at)
    const directory = await read.directory(next.at, next.kind)
    directories.push(directory)
    entries += directory.entries.length
    if (directories.length > limits.pages || entries > MOST_ENTRIES_TOGETHER) {
      throw tooLarge(`The TIFF has more than ${limits.pages} pages, or too much in them`)
    }
    due.push(...(await read.directoriesOn(directory, limits.pages)))
  }
  return { littleEndian, directories }
}

class TiffReader {
  readonly #reader: ByteReader
  readonly #littleEndian: boolean

  constructor(reader: ByteReader, littleEndian: boolean) {
    this.#reader = reader
    this.#littleEndian = littleEndian
  }

  async offset(at: number): Promise<number> {
    return this.#long(await this.#reader.bytes(at, 4), 0)
  }

  async directory(from: number, kind: TiffDirectory['kind']): Promise<TiffDirectory> {
    const count = this.#short(await this.#reader.bytes(from, 2), 0)
    if (count === 0 || count > MOST_ENTRIES) {
      throw corrupt('The TIFF has a damaged directory')
    }
    const table = await this.#reader.bytes(from + 2, count * ENTRY_BYTES)
    const entries = Array.from({ length: count }, (_, index) =>
      this.#entry(table, index * ENTRY_BYTES, from + 2)
    )
    return { kind, from, to: from + 2 + count * ENTRY_BYTES + 4, entries }
  }

  /** Those that a directory leads to: the next page, and what hangs on it. */
  async directoriesOn({ kind, to, entries }: TiffDirectory, most: number) {
    const found: { at: number; kind: TiffDirectory['kind'] }[] = []
    for (const { tag, count, value } of entries) {
      if (tag === DNG_VERSION && kind === 'picture') {
        throw new ImagingError('E_IMAGE_UNSUPPORTED', 'Raw photographs are not accepted')
      }
      if (DESCRIPTIONS.has(tag)) {
        found.push({ at: await this.offset(value.from), kind: 'description' })
      }
      if (tag === SUB_PICTURES && kind === 'picture') {
        for (let index = 0; index < Math.min(count, most); index++) {
          found.push({ at: await this.offset(value.from + index * 4), kind: 'picture' })
        }
      }
    }
    // The chain of an EXIF directory ends with itself, whatever stands behind it.
    const next = kind === 'picture' ? await this.offset(to - 4) : 0
    return next === 0 ? found : [{ at: next, kind }, ...found]
  }

  #entry(table: Buffer, at: number, tableAt: number): TiffEntry {
    const type = this.#short(table, at + 2)
    const count = this.#long(table, at + 4)
    const bytes = (TYPE_BYTES[type] ?? 1) * count
    const from = bytes <= 4 ? tableAt + at + 8 : this.#long(table, at + 8)
    const to = from + bytes
    if (to > this.#reader.size) {
      throw corrupt('The TIFF ends too early')
    }
    return { tag: this.#short(table, at), type, count, at: tableAt + at, value: { from, to } }
  }

  #short(bytes: Buffer, at: number): number {
    return this.#littleEndian ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)
  }

  #long(bytes: Buffer, at: number): number {
    return this.#littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  }
}
