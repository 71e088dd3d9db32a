import type { ByteReader } from './byte_reader.ts'
import { readGifBlocks, type GifBlock } from './gif_blocks.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { joinParts, type Part } from './rewrite_plan.ts'

const GRAPHIC_CONTROL = 0xf9
/** How often an animation is played, under both its names, and the colour profile. */
const KEPT_APPLICATIONS = new Set(['NETSCAPE2.0', 'ANIMEXTS1.0', 'ICCRGBG1012'])

/** What stays of a GIF: comments, XMP, texts that no program draws, and what follows the trailer go. */
export async function planGif(reader: ByteReader): Promise<Part[]> {
  const { blocks } = await readGifBlocks(reader, DEFAULT_LIMITS)
  return joinParts([
    { from: 0, to: blocks[0]?.from ?? reader.size },
    ...blocks.filter(stays).map(({ from, to }) => ({ from, to })),
  ])
}

function stays({ kind, label, application }: GifBlock): boolean {
  return (
    kind !== 'extension' ||
    label === GRAPHIC_CONTROL ||
    (application !== null && KEPT_APPLICATIONS.has(application))
  )
}
