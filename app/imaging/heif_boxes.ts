import type { ByteReader } from './byte_reader.ts'
import { corrupt, tooLarge } from './errors.ts'

/** A box of an ISO base media file (ISO/IEC 14496-12): its content stands between `body` and `to`. */
export interface Box {
  type: string
  from: number
  body: number
  to: number
}

export interface Stretch {
  from: number
  to: number
}

/** Something that a file holds, such as a picture or what is known of it, and where its bytes are. */
export interface HeifItem {
  id: number
  type: string
  stretches: Stretch[]
}

const HEADER_BYTES = 8
const TOP_BOXES = new Set(['ftyp', 'meta', 'mdat', 'moov', 'moof', 'idat', 'free', 'skip', 'uuid'])
const FULL_HEADER_BYTES = 4
const MOST_BOXES = 20_000
/** A box of items is read as a whole. */
const MOST_BYTES_OF_ITEMS = 4 * 1024 * 1024
const MOST_STRETCHES = 20_000
const IN_FILE = 0
const IN_ITEM_DATA = 1

/**
 * The boxes between two places, in order. `isTop` says that bytes at the end that are no box are not the file's fault:
 * they follow it.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_LARGE
 */
export async function readBoxes(
  reader: ByteReader,
  { from, to }: Stretch,
  { isTop = false } = {}
): Promise<Box[]> {
  const boxes: Box[] = []
  for (let at = from; at + HEADER_BYTES <= to;) {
    const box = await readBox(reader, at, to)
    const isWhole = box.to <= to && box.to >= box.body
    if (!isWhole && isTop && !TOP_BOXES.has(box.type)) {
      break
    }
    if (!isWhole) {
      throw corrupt('The image ends too early')
    }
    boxes.push(box)
    if (boxes.length > MOST_BOXES) {
      throw tooLarge(`The image has more than ${MOST_BOXES} parts`)
    }
    at = box.to
  }
  return boxes
}

async function readBox(reader: ByteReader, from: number, end: number): Promise<Box> {
  const head = await reader.bytes(from, HEADER_BYTES)
  const size = head.readUInt32BE(0)
  const type = head.toString('latin1', 4)
  if (size === 0) {
    return { type, from, body: from + HEADER_BYTES, to: end }
  }
  if (size === 1) {
    const large = (await reader.bytes(from + HEADER_BYTES, 8)).readBigUInt64BE(0)
    return { type, from, body: from + 2 * HEADER_BYTES, to: from + Number(large) }
  }
  return { type, from, body: from + HEADER_BYTES, to: from + size }
}

/** The boxes in a box that begins with a version and flags. */
export function contentOf({ body, to }: Box): Stretch {
  return { from: body + FULL_HEADER_BYTES, to }
}

/** The width and height of each picture that a file says it holds. */
export async function readPictureSizes(
  reader: ByteReader,
  meta: readonly Box[]
): Promise<{ width: number; height: number }[]> {
  const properties = meta.find(({ type }) => type === 'iprp')
  const within = properties === undefined ? [] : await readBoxes(reader, bodyOf(properties))
  const container = within.find(({ type }) => type === 'ipco')
  const boxes = container === undefined ? [] : await readBoxes(reader, bodyOf(container))
  const sizes: { width: number; height: number }[] = []
  for (const { type, body } of boxes) {
    if (type === 'ispe') {
      const bytes = await reader.bytes(body + FULL_HEADER_BYTES, 8)
      sizes.push({ width: bytes.readUInt32BE(0), height: bytes.readUInt32BE(4) })
    }
  }
  return sizes
}

function bodyOf({ body, to }: Box): Stretch {
  return { from: body, to }
}

/**
 * The items that a file holds.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_LARGE
 */
export async function readItems(reader: ByteReader, meta: readonly Box[]): Promise<HeifItem[]> {
  const box = (name: string) => meta.find(({ type }) => type === name)
  const [infos, locations, data] = [box('iinf'), box('iloc'), box('idat')]
  if (infos === undefined || locations === undefined) {
    return []
  }
  const types = await readItemTypes(reader, infos)
  const places = readItemPlaces(await bytesOf(reader, locations), data?.body ?? 0)
  const items = places.map(({ id, stretches }) => ({ id, stretches, type: types.get(id) ?? '' }))
  if (items.some(({ stretches }) => stretches.some(({ to }) => to > reader.size))) {
    throw corrupt('The image ends too early')
  }
  return items
}

async function bytesOf(reader: ByteReader, { body, to }: Box): Promise<Fields> {
  if (to - body > MOST_BYTES_OF_ITEMS) {
    throw tooLarge('The image has too many parts')
  }
  return new Fields(Buffer.from(await reader.bytes(body, to - body)))
}

async function readItemTypes(reader: ByteReader, infos: Box): Promise<Map<number, string>> {
  const version = (await reader.bytes(infos.body, 1)).readUInt8(0)
  const from = infos.body + FULL_HEADER_BYTES + (version === 0 ? 2 : 4)
  const types = new Map<number, string>()
  for (const entry of await readBoxes(reader, { from, to: infos.to })) {
    const fields = await bytesOf(reader, entry)
    const entryVersion = fields.number(1)
    fields.number(3)
    const id = fields.number(entryVersion >= 3 ? 4 : 2)
    fields.number(2)
    types.set(id, entryVersion >= 2 ? fields.text(4) : '')
  }
  return types
}

function readItemPlaces(fields: Fields, itemData: number) {
  const version = fields.number(1)
  fields.number(3)
  const sizes = fields.number(2)
  const [offsetBytes, lengthBytes] = [(sizes >> 12) & 15, (sizes >> 8) & 15]
  const [baseBytes, indexBytes] = [(sizes >> 4) & 15, version === 0 ? 0 : sizes & 15]
  const count = fields.number(version < 2 ? 2 : 4)
  const items: { id: number; stretches: Stretch[] }[] = []
  let together = 0
  for (let index = 0; index < count; index++) {
    const id = fields.number(version < 2 ? 2 : 4)
    const method = version === 0 ? IN_FILE : fields.number(2) & 15
    fields.number(2)
    const base = fields.number(baseBytes) + (method === IN_ITEM_DATA ? itemData : 0)
    const extents = fields.number(2)
    together += extents + 1
    if (together > MOST_STRETCHES) {
      throw tooLarge(`The image has more than ${MOST_STRETCHES} parts`)
    }
    const stretches = Array.from({ length: extents }, () => {
      fields.number(indexBytes)
      const from = base + fields.number(offsetBytes)
      return { from, to: from + fields.number(lengthBytes) }
    })
    // What is put together from other items has no bytes of its own.
    items.push({ id, stretches: method === IN_FILE || method === IN_ITEM_DATA ? stretches : [] })
  }
  return items
}

/** Reads big-endian numbers one after the other. */
class Fields {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  number(length: number): number {
    const bytes = this.#next(length)
    return bytes.reduce((number, byte) => number * 256 + byte, 0)
  }

  text(length: number): string {
    return this.#next(length).toString('latin1')
  }

  #next(length: number): Buffer {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    if (bytes.length < length) {
      throw corrupt('The image ends too early')
    }
    this.#at += length
    return bytes
  }
}
