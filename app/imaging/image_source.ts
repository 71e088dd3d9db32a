import { open } from 'node:fs/promises'
import { ByteReader } from './byte_reader.ts'

/** The bytes of an image, or the path of the file that they lie in. */
export type ImageSource = Buffer | string

/** Has the bytes read, wherever they are. */
export async function readImage<Result>(
  source: ImageSource,
  read: (reader: ByteReader) => Promise<Result>
): Promise<Result> {
  if (Buffer.isBuffer(source)) {
    return read(new ByteReader(source, source.length))
  }
  const file = await open(source, 'r')
  try {
    const { size } = await file.stat()
    return await read(new ByteReader(file, size))
  } finally {
    await file.close()
  }
}
