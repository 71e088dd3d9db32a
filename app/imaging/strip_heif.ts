import type { ByteReader } from './byte_reader.ts'
import { contentOf, readBoxes, readItems, type Box, type Stretch } from './heif_boxes.ts'
import { joinParts, sizeOfPart, type Part } from './rewrite_plan.ts'

/** EXIF, and XMP and its like. */
const NOTES = new Set(['Exif', 'mime', 'uri '])
/** Boxes without a meaning for the picture; what they hold goes. */
const FREE_BOXES = new Set(['uuid', 'udta', 'free', 'skip', 'wide'])
const TYPE_AT = 4

interface Change {
  from: number
  to: number
  part: Part
}

/**
 * What stays of an AVIF or HEIC: offsets in it point everywhere, so nothing is moved. The bytes of EXIF and XMP become
 * zeros, and so do those of boxes that no picture depends on; what follows the last box goes.
 */
export async function planHeif(reader: ByteReader): Promise<Part[]> {
  const boxes = await readBoxes(reader, { from: 0, to: reader.size }, { isTop: true })
  const changes: Change[] = []
  for (const box of boxes) {
    if (box.type === 'meta') {
      const items = await readItems(reader, await readBoxes(reader, contentOf(box)))
      const notes = items.filter(({ type }) => NOTES.has(type))
      changes.push(...notes.flatMap(({ stretches }) => stretches).map(zeroed))
    }
    changes.push(...(await freed(reader, box)))
  }
  const end = boxes.at(-1)?.to ?? reader.size
  return apply(changes, end)
}

/** The changes that empty a box without meaning, or those within a film. */
async function freed(reader: ByteReader, box: Box): Promise<Change[]> {
  if (FREE_BOXES.has(box.type)) {
    const type = { from: box.from + TYPE_AT, to: box.from + TYPE_AT + 4, part: Buffer.from('free') }
    const content = zeroed({ from: box.body, to: box.to })
    return box.type === 'free' ? [content] : [type, content]
  }
  if (box.type !== 'moov' && box.type !== 'trak') {
    return []
  }
  const within = await readBoxes(reader, { from: box.body, to: box.to })
  const changes: Change[] = []
  for (const inner of within) {
    changes.push(...(await freed(reader, inner)))
  }
  return changes
}

function zeroed({ from, to }: Stretch): Change {
  return { from, to, part: { zeros: to - from } }
}

/** The file up to its end, with its changes; a place that is given twice is changed once. */
function apply(changes: Change[], end: number): Part[] {
  const parts: Part[] = []
  let at = 0
  for (const { from, to, part } of changes.toSorted((a, b) => a.from - b.from)) {
    if (from >= at && to > from) {
      parts.push({ from: at, to: from }, part)
      at = to
    }
  }
  return joinParts([...parts, { from: at, to: end }].filter((part) => sizeOfPart(part) > 0))
}
