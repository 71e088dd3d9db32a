import { Ignitor } from '@adonisjs/core'
import * as app from '../config/app.ts'
import encryption from '../config/encryption.ts'
import logger from '../config/logger.ts'

// How AdonisJS serves a file by itself. The port comes with the environment; the argument is the file.
const path = process.argv[2] ?? ''

await new Ignitor(new URL('../', import.meta.url), { importer: (identifier) => import(identifier) })
  .tap((bare) => {
    bare.useConfig({ app, encryption, logger })
    bare.rcContents({ providers: [() => import('@adonisjs/core/providers/app_provider')] })
    bare.starting(async () => {
      const { default: router } = await import('@adonisjs/core/services/router')
      router.get('/*', ({ response }) => response.download(path, true))
    })
    bare.listen('SIGTERM', () => bare.terminate())
  })
  .httpServer()
  .start()
