import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'

/** Writes values as lines of JSON, compressed, flushed to disk; answers how many, and the hash of the file. */
export async function writeLines(
  path: string,
  values: AsyncIterable<unknown>
): Promise<{ rows: number; sha256: string }> {
  let rows = 0
  const hash = createHash('sha256')
  async function* lines() {
    for await (const value of values) {
      rows++
      yield `${JSON.stringify(value)}\n`
    }
  }
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  await pipeline(Readable.from(lines()), createGzip(), hashing, file)
  return { rows, sha256: hash.digest('hex') }
}

/** The values of such a file, one by one. */
export async function* readLines(path: string): AsyncIterable<unknown> {
  const source = createReadStream(path)
  const unzipped = createGunzip()
  source.on('error', (error) => unzipped.destroy(error))
  const lines = createInterface({
    input: source.pipe(unzipped),
    crlfDelay: Number.POSITIVE_INFINITY,
  })
  for await (const line of lines) {
    yield JSON.parse(line) as unknown
  }
}
