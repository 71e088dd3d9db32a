import { readImage, type ImageSource } from './image_source.ts'

const SIGNATURE_BYTES = 8
const CHUNK_OVERHEAD_BYTES = 12

/** Whether a PNG, whose outline was checked, moves: it says so before its pixels. Libraries see its first frame only. */
export function isAnimatedPng(source: ImageSource): Promise<boolean> {
  return readImage(source, async (reader) => {
    for (let at = SIGNATURE_BYTES; ;) {
      const head = await reader.bytes(at, 8)
      const type = head.toString('latin1', 4)
      if (type === 'acTL' || type === 'IDAT') {
        return type === 'acTL'
      }
      at += CHUNK_OVERHEAD_BYTES + head.readUInt32BE(0)
    }
  })
}
