import { Ignitor } from '@adonisjs/core'
import { defineConfig } from '@adonisjs/core/bodyparser'
import * as app from '../config/app.ts'
import encryption from '../config/encryption.ts'
import hashing from '../config/hash.ts'
import logger from '../config/logger.ts'

// What an AdonisJS application does that takes uploads as its documentation shows: the default body parser, and the file
// moved into a folder. Nothing is hashed, looked at, flushed or recorded. The port comes with the environment.
const [folder = ''] = process.argv.slice(2)

await new Ignitor(new URL('../', import.meta.url), { importer: (identifier) => import(identifier) })
  .tap((peer) => {
    const bodyparser = defineConfig({
      allowedMethods: ['POST'],
      multipart: { autoProcess: true, limit: '20mb', types: ['multipart/form-data'] },
    })
    peer.useConfig({ app, bodyparser, encryption, hash: hashing, logger })
    peer.rcContents({
      providers: [
        () => import('@adonisjs/core/providers/app_provider'),
        () => import('@adonisjs/core/providers/hash_provider'),
      ],
    })
    peer.starting(async () => {
      const { default: router } = await import('@adonisjs/core/services/router')
      router.use([() => import('@adonisjs/core/bodyparser_middleware')])
      let received = 0
      router.post('/', async ({ request, response }) => {
        await request.file('file')?.move(folder, { name: `${(received += 1)}.jpg` })
        return response.created({ received })
      })
      router.get('/', () => 'ready')
    })
    peer.listen('SIGTERM', () => peer.terminate())
  })
  .httpServer()
  .start()
