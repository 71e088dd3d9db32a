import './thread_pool.ts'
import { prettyPrintError } from '@adonisjs/core'
import app from '@adonisjs/core/services/app'
import { DrainingServer } from '#http/node_server'
import { createIgnitor } from './ignitor.ts'

const ignitor = createIgnitor()

// Without the one who started it, nobody would ever stop it. The channel itself must not keep the process alive.
process.once('disconnect', () => void ignitor.terminate())
process.channel?.unref()

ignitor
  .httpServer()
  .start((listener) => new DrainingServer(listener, app.config.get('connections')))
  .catch((error) => {
    process.exitCode = 1
    prettyPrintError(error)
  })
