import { defineConfig } from '@adonisjs/lucid'
import env from '#start/env'

/** Lucid migrates and reads; what is written goes through the event store. */
export default defineConfig({
  connection: 'postgres',
  connections: {
    postgres: {
      client: 'pg',
      connection: { connectionString: env.get('DATABASE_URL') },
      schemaGeneration: { enabled: false },
      pool: { min: 0, max: 10 },
      migrations: { naturalSort: true, paths: ['database/migrations'] },
    },
  },
})
