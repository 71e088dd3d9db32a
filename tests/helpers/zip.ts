import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { fromBuffer, type ZipFile } from 'yauzl'

/** The files in an archive, by their names. */
export async function unzip(archive: Buffer): Promise<Map<string, Buffer>> {
  const zip = await open(archive)
  const read = promisify(zip.openReadStream.bind(zip))
  const files = new Map<string, Buffer>()
  for await (const entry of zip.eachEntry()) {
    files.set(entry.fileName, await buffer(await read(entry)))
  }
  return files
}

function open(archive: Buffer): Promise<ZipFile> {
  return new Promise((resolve, reject) =>
    fromBuffer(archive, { lazyEntries: true }, (error, zip) =>
      error === null ? resolve(zip) : reject(error)
    )
  )
}
