import type { ByteReader } from './byte_reader.ts'
import { corrupt, tooLarge } from './errors.ts'

/** A block of a GIF: a frame, or an extension by its label and, for an application's, its name. */
export interface GifBlock {
  kind: 'frame' | 'extension' | 'trailer'
  label: number
  application: string | null
  from: number
  to: number
}

const SCREEN_BYTES = 13
const FRAME_BYTES = 10
const EXTENSION = 0x21
const FRAME = 0x2c
const TRAILER = 0x3b
const APPLICATION = 0xff
const APPLICATION_NAME_BYTES = 11
/** A frame comes with a control block, and files have a few blocks beside. */
const BLOCKS_A_FRAME = 4

/**
 * The blocks of a GIF (GIF89a, appendix B). A file that ends where a block could begin is taken as whole: many have no
 * trailer.
 *
 * @throws ImagingError E_IMAGE_CORRUPT, E_IMAGE_TOO_LARGE
 */
export async function readGifBlocks(
  reader: ByteReader,
  limits: { frames: number }
): Promise<{ blocks: GifBlock[]; frames: number }> {
  const screen = await reader.bytes(0, SCREEN_BYTES)
  const blocks: GifBlock[] = []
  let frames = 0
  let at = SCREEN_BYTES + colourTableBytes(screen.readUInt8(10))
  while (at < reader.size) {
    const block = await readBlock(reader, at)
    blocks.push(block)
    frames += block.kind === 'frame' ? 1 : 0
    if (frames > limits.frames || blocks.length > limits.frames * BLOCKS_A_FRAME) {
      throw tooLarge(`The animation has more than ${limits.frames} frames`)
    }
    if (block.kind === 'trailer') {
      break
    }
    at = block.to
  }
  if (frames === 0) {
    throw corrupt('The GIF has no frame')
  }
  return { blocks, frames }
}

async function readBlock(reader: ByteReader, from: number): Promise<GifBlock> {
  const introducer = (await reader.bytes(from, 1)).readUInt8(0)
  switch (introducer) {
    case TRAILER:
      return { kind: 'trailer', label: 0, application: null, from, to: from + 1 }
    case FRAME: {
      const flags = (await reader.bytes(from, FRAME_BYTES)).readUInt8(9)
      // The size of codes stands between the colours and the data.
      const data = from + FRAME_BYTES + colourTableBytes(flags) + 1
      const to = await endOfSubBlocks(reader, data)
      return { kind: 'frame', label: 0, application: null, from, to }
    }
    case EXTENSION: {
      const label = (await reader.bytes(from, 2)).readUInt8(1)
      const application = label === APPLICATION ? await applicationName(reader, from + 2) : null
      const to = await endOfSubBlocks(reader, from + 2)
      return { kind: 'extension', label, application, from, to }
    }
    default:
      throw corrupt('The GIF has something between its blocks')
  }
}

function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 0x07) + 1) : 0
}

async function applicationName(reader: ByteReader, at: number): Promise<string> {
  const name = await reader.bytes(at, 1 + APPLICATION_NAME_BYTES)
  return name.readUInt8(0) === APPLICATION_NAME_BYTES ? name.toString('latin1', 1) : ''
}

/** Sub-blocks follow each other, each with its length in front, until one of no length. */
async function endOfSubBlocks(reader: ByteReader, from: number): Promise<number> {
  for (let at = from; ;) {
    const stretch = await reader.stretch(at, 1)
    let index = 0
    while (index < stretch.length) {
      const length = stretch[index] ?? 0
      index += 1 + length
      if (length === 0) {
        return at + index
      }
    }
    at += index
  }
}
