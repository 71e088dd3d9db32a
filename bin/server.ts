import './thread_pool.ts'
import { prettyPrintError } from '@adonisjs/core'
import app from '@adonisjs/core/services/app'
import { DrainingServer } from '#http/node_server'
import { readWebProcesses } from '#supervisor/web_processes'
import { createIgnitor } from './ignitor.ts'

const ignitor = createIgnitor()

// Without the one who started it, nobody would ever stop it. The channel itself must not keep the process alive.
process.once('disconnect', () => void ignitor.terminate())
process.channel?.unref()

/** Has a server take its share of the connections to a port that others listen on as well. */
function sharingPort(server: DrainingServer): DrainingServer {
  const listen = server.listen.bind(server)
  return Object.assign(server, {
    listen: (port: number, host: string) => listen({ port, host, reusePort: true }),
  })
}

ignitor
  .httpServer()
  .start((listener) => {
    const server = new DrainingServer(listener, app.config.get('connections'))
    return readWebProcesses(process.argv) > 1 ? sharingPort(server) : server
  })
  .catch((error) => {
    process.exitCode = 1
    prettyPrintError(error)
  })
