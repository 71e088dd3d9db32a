import { readFileSync } from 'node:fs'
import { Ignitor } from '@adonisjs/core'
import * as app from '../config/app.ts'
import encryption from '../config/encryption.ts'
import hashing from '../config/hash.ts'
import logger from '../config/logger.ts'

/** The bodies that the bare routes answer, ready as text. */
export interface BareBodies {
  profile: string
  list: string
  sign_in: string
}

// What no AdonisJS route can do without: the framework under the site's configuration, no middleware, a ready answer.
// The port comes with the environment, the bodies in the file that is named.
const bodies = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as BareBodies
const PASSWORD = 'a long secret'
const TYPE = 'application/json; charset=utf-8'

await new Ignitor(new URL('../', import.meta.url), { importer: (identifier) => import(identifier) })
  .tap((bare) => {
    bare.useConfig({ app, encryption, hash: hashing, logger })
    bare.rcContents({
      providers: [
        () => import('@adonisjs/core/providers/app_provider'),
        () => import('@adonisjs/core/providers/hash_provider'),
      ],
    })
    bare.starting(async () => {
      const { default: hash } = await import('@adonisjs/core/services/hash')
      const { default: router } = await import('@adonisjs/core/services/router')
      const stored = await hash.make(PASSWORD)
      for (const name of ['profile', 'list'] as const) {
        router.get(`/${name}`, ({ response }) => response.type(TYPE).send(bodies[name]))
      }
      router.post('/sign_in', async ({ response }) => {
        await hash.verify(stored, PASSWORD)
        return response.type(TYPE).send(bodies.sign_in)
      })
      router.get('/', () => 'ready')
    })
    bare.listen('SIGTERM', () => bare.terminate())
  })
  .httpServer()
  .start()
