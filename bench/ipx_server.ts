import { createServer, type RequestListener } from 'node:http'

/** The part of ipx that is measured; it is a dependency of the bench alone, so its types are written down here. */
interface Ipx {
  ipxFSStorage(options: { dir: string }): object
  createIPX(options: { storage: object }): object
  createIPXNodeServer(ipx: object): RequestListener
}

const PEER = 'ipx'
const { createIPX, createIPXNodeServer, ipxFSStorage } = (await import(PEER)) as Ipx

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
