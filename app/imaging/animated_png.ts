import { open } from 'node:fs/promises'
import { ByteReader } from './byte_reader.ts'

const SIGNATURE_BYTES = 8
const CHUNK_OVERHEAD_BYTES = 12

/** Whether a PNG, whose outline was checked, moves: it says so before its pixels. Libraries see its first frame only. */
export async function isAnimatedPng(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const reader = new ByteReader(file, (await file.stat()).size)
    for (let at = SIGNATURE_BYTES; ;) {
      const head = await reader.bytes(at, 8)
      const type = head.toString('latin1', 4)
      if (type === 'acTL' || type === 'IDAT') {
        return type === 'acTL'
      }
      at += CHUNK_OVERHEAD_BYTES + head.readUInt32BE(0)
    }
  } finally {
    await file.close()
  }
}
