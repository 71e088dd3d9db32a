import { createHash } from 'node:crypto'
import { mkdir, open, rename } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'

// What no upload can do without: receive, hash, write, flush, move into place. Arguments: a folder and a port; and
// "thorough" for one that takes all hashes that the API tells, and flushes the folder, without which a crash of the machine
// can take the file's name back.
const [folder = '', port = '', manner] = process.argv.slice(2)
const isThorough = manner === 'thorough'
await mkdir(folder, { recursive: true })
let received = 0

const server = createServer(async (request, response) => {
  if (request.method === 'POST') {
    const path = join(folder, String((received += 1)))
    const hash = createHash('sha256')
    const others = isThorough ? [createHash('md5'), createHash('sha1')] : []
    const file = await open(path, 'w')
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk)
      others.forEach((other) => other.update(chunk))
      await file.write(chunk)
    }
    await file.datasync()
    await file.close()
    others.forEach((other) => other.digest('hex'))
    await rename(path, join(folder, hash.digest('hex')))
    if (isThorough) {
      const opened = await open(folder, 'r')
      await opened.sync()
      await opened.close()
    }
    response.statusCode = 201
  }
  response.end('{}')
})
server.listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => process.exit())
