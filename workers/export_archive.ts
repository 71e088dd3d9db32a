import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'

/** A file in an archive, opened when it is its turn. */
export interface ArchivePart {
  name: string
  /** Images are compressed already. */
  compress: boolean
  open(): Promise<Readable>
}

/** Writes a ZIP file, one part after the other, without holding any of them in memory. Answers its size in bytes. */
export async function writeArchive(
  path: string,
  parts: AsyncIterable<ArchivePart>
): Promise<number> {
  const zip = new ZipFile()
  const output = Readable.from(zip.outputStream)
  zip.on('error', (error: Error) => output.destroy(error))
  const written = pipeline(output, createWriteStream(path, { mode: 0o640, flush: true }))
  // Whoever awaits it below hears of a failure; it may come while parts are still being named.
  written.catch(() => {})
  try {
    for await (const { name, compress, open } of parts) {
      zip.addReadStreamLazy(name, { compress }, (opened) => {
        open().then(
          (content) => opened(null, content),
          (error) => output.destroy(error)
        )
      })
    }
  } catch (error) {
    output.destroy()
    throw error
  }
  zip.end()
  await written
  return (await stat(path)).size
}

/** A JSON array of what comes, an item a line. */
export function jsonArray(items: AsyncIterable<object>): Readable {
  return Readable.from(
    (async function* () {
      let before = '[\n'
      for await (const item of items) {
        yield `${before}  ${JSON.stringify(item)}`
        before = ',\n'
      }
      yield before === '[\n' ? '[]\n' : '\n]\n'
    })()
  )
}

/** The longest name that file systems take, with room for an extension. */
const LONGEST_NAME = 120

/** A name that every system can unpack: without separators, control characters or what Windows forbids. */
export function fileNameFor(name: string): string {
  const clean = name.replaceAll(/[\p{Cc}/\\:*?"<>|]/gu, '_').replace(/^[. ]+|[. ]+$/g, '')
  return Array.from(clean).slice(0, LONGEST_NAME).join('')
}
