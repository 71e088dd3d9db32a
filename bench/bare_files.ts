import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

// What serving a file from memory cannot do without. Arguments: a file and a port.
const [path = '', port = ''] = process.argv.slice(2)
const bytes = readFileSync(path)

createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': bytes.length })
  response.end(bytes)
}).listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => process.exit())
