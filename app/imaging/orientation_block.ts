const ORIENTATION_TAG = 0x0112
const SHORT = 3

/** A TIFF block that says nothing but the orientation (EXIF 2.3, 4.6.2): 26 bytes, big-endian. */
export function orientationBlock(orientation: number): Buffer {
  const block = Buffer.alloc(26)
  block.write('MM', 0, 'latin1')
  block.writeUInt16BE(42, 2)
  block.writeUInt32BE(8, 4)
  block.writeUInt16BE(1, 8)
  block.writeUInt16BE(ORIENTATION_TAG, 10)
  block.writeUInt16BE(SHORT, 12)
  block.writeUInt32BE(1, 14)
  block.writeUInt16BE(orientation, 18)
  return block
}
