import type { ByteReader } from './byte_reader.ts'
import { corrupt } from './errors.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { joinParts, sizeOfPart, type Part } from './rewrite_plan.ts'
import { readTiffDirectories, type TiffDirectory, type TiffEntry } from './tiff_directories.ts'

/** Tags that pixels, colours, size and orientation depend on; the others are notes about the picture. */
const KEPT = new Set([
  254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282,
  283, 284, 286, 287, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324,
  325, 328, 330, 332, 334, 336, 338, 339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519,
  520, 521, 529, 530, 531, 532, 559, 32995, 32996, 32997, 32998, 34675,
])
const DATA_OFFSETS = [273, 324]
const DATA_LENGTHS = [279, 325]

/** A stretch of the file, and what comes in its place. */
interface Change {
  from: number
  to: number
  part: Part
}

/**
 * What stays of a TIFF: offsets in it point everywhere, so nothing is moved. Directories are written anew in their place
 * without the entries that no pixel depends on; the values of those, EXIF and GPS included, become zeros.
 */
export async function planTiff(reader: ByteReader): Promise<Part[]> {
  const { littleEndian, directories } = await readTiffDirectories(reader, DEFAULT_LIMITS)
  const changes: Change[] = []
  for (const directory of directories) {
    const { kind, from, to, entries } = directory
    const kept = kind === 'picture' ? entries.filter(({ tag }) => KEPT.has(tag)) : []
    const dropped = entries.filter((entry) => !kept.includes(entry))
    if (dropped.length === 0) {
      continue
    }
    const part =
      kind === 'picture'
        ? await rewritten(reader, directory, kept, littleEndian)
        : { zeros: to - from }
    changes.push({ from, to, part }, ...dropped.filter(isElsewhere).map(zeroed))
  }
  return apply(changes, reader.size)
}

/** @throws ImagingError E_IMAGE_CORRUPT when pixels are said to lie beyond the end of the file */
export async function checkTiffData(
  reader: ByteReader,
  { littleEndian, directories }: { littleEndian: boolean; directories: TiffDirectory[] }
): Promise<void> {
  const numbers = async (entries: TiffEntry[], tags: number[]) => {
    const entry = entries.find(({ tag }) => tags.includes(tag))
    if (entry === undefined) {
      return []
    }
    const { from, to } = entry.value
    const bytes = await reader.bytes(from, to - from)
    const width = entry.type === 3 ? 2 : 4
    const length = Math.floor(bytes.length / width)
    return Array.from({ length }, (_, index) =>
      littleEndian ? bytes.readUIntLE(index * width, width) : bytes.readUIntBE(index * width, width)
    )
  }
  for (const { kind, entries } of directories) {
    const [offsets, lengths] =
      kind === 'picture'
        ? [await numbers(entries, DATA_OFFSETS), await numbers(entries, DATA_LENGTHS)]
        : [[], []]
    if (offsets.some((offset, index) => offset + (lengths[index] ?? 0) > reader.size)) {
      throw corrupt('The TIFF ends too early')
    }
  }
}

function isElsewhere({ at, value }: TiffEntry): boolean {
  return value.from !== at + 8
}

function zeroed({ value: { from, to } }: TiffEntry): Change {
  return { from, to, part: { zeros: to - from } }
}

async function rewritten(
  reader: ByteReader,
  { from, to }: TiffDirectory,
  kept: TiffEntry[],
  littleEndian: boolean
): Promise<Buffer> {
  const old = Buffer.from(await reader.bytes(from, to - from))
  const entries = kept.map(({ at }) => old.subarray(at - from, at - from + 12))
  const next = old.subarray(old.length - 4)
  const count = Buffer.alloc(2)
  if (littleEndian) {
    count.writeUInt16LE(kept.length)
  } else {
    count.writeUInt16BE(kept.length)
  }
  return Buffer.concat([count, ...entries, next], old.length)
}

/** The file with its changes. Values may share their zeros; nothing else may lie over another. */
function apply(changes: Change[], size: number): Part[] {
  const parts: Part[] = []
  let at = 0
  for (const { from, to, part } of changes.toSorted((a, b) => a.from - b.from)) {
    const isShared = from < at && 'zeros' in part
    if (from < at && !isShared) {
      throw corrupt('The directories of the TIFF lie over each other')
    }
    if (to > at) {
      parts.push({ from: at, to: Math.max(at, from) })
      parts.push(isShared ? { zeros: to - at } : part)
      at = to
    }
  }
  return joinParts([...parts, { from: at, to: size }].filter((part) => sizeOfPart(part) > 0))
}
