import sharp from './own_sharp.ts'

const SIDE = 510
const PHOTOGRAPH = { width: 4000, height: 3000 }
const PLAIN_SIDE = 4000
const BITMAP_HEAD_BYTES = 54
/** Where a JFIF segment holds the density. */
const JFIF_DENSITY = 12

/** A JPEG of noise, which does not compress: of about 200 kB unless told its side. */
export async function makePicture(side = SIDE): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  return sharp({ create: { width: side, height: side, channels: 3, background: '#777', noise } })
    .jpeg({ quality: 90 })
    .toBuffer()
}

/** A JPEG of 12 megapixels and some megabytes, with as much detail as a photograph has. */
export async function makePhotograph(): Promise<Buffer> {
  const { width, height } = PHOTOGRAPH
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const
  const rough = { width: width / 4, height: height / 4, channels: 3, background: '#777' } as const
  return sharp(
    await sharp({ create: { ...rough, noise } })
      .png()
      .toBuffer()
  )
    .resize(width, height)
    .jpeg({ quality: 88 })
    .toBuffer()
}

/** An uncompressed bitmap of 48 MB. */
export function makeBitmap(side = PLAIN_SIDE): Buffer {
  const file = Buffer.alloc(BITMAP_HEAD_BYTES + side * side * 3, 'pixels')
  file.fill(0, 0, BITMAP_HEAD_BYTES)
  file.write('BM', 0, 'latin1')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(BITMAP_HEAD_BYTES, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(side, 18)
  file.writeInt32LE(side, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(24, 28)
  return file
}

/** Another picture for each number: a JFIF segment with its own density, which survives the removal of metadata. */
export function distinct(picture: Buffer, number: number): Uint8Array {
  const segment = Buffer.from('ffe000104a46494600010101ffffffff0000', 'hex')
  segment.writeUInt32BE(0x00010001 + number, JFIF_DENSITY)
  return Buffer.concat([picture.subarray(0, 2), segment, picture.subarray(2)])
}
