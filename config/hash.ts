import { defineConfig, drivers } from '@adonisjs/core/hash'

/** Argon2id with OWASP's parameters for a server that does other work too: 19 MiB, two passes, one lane. */
const hashConfig = defineConfig({
  default: 'argon2',
  list: {
    argon2: drivers.argon2({ variant: 'id', memory: 19_456, iterations: 2, parallelism: 1 }),
  },
})

export default hashConfig

declare module '@adonisjs/core/types' {
  export interface HashersList extends InferHashers<typeof hashConfig> {}
}
