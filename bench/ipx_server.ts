import { createServer } from 'node:http'
import { createIPX, createIPXNodeServer, ipxFSStorage } from 'ipx'

// The peer that resizes images: ipx over a folder. Arguments: the folder and a port.
const [dir = '', port = ''] = process.argv.slice(2)
const answer = createIPXNodeServer(createIPX({ storage: ipxFSStorage({ dir }) }))

createServer((request, response) => {
  if (request.url === '/') {
    response.end('ready')
  } else {
    answer(request, response)
  }
}).listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => process.exit())
