import app from '@adonisjs/core/services/app'
import { defineConfig } from '@adonisjs/lucid'
import type pg from 'pg'
import { postgresSession } from '#event_store/postgres_session'
import env from '#start/env'
import { shareOf } from './web_processes.ts'

/** How long a query may take for which somebody waits at the other end of a request. */
export const QUERY_MILLISECONDS = 10_000

/** Migrations take the time they need. */
const patience = app.getEnvironment() === 'web' ? QUERY_MILLISECONDS : undefined

/** Lucid migrates and reads; what is written goes through the event store. */
export default defineConfig({
  connection: 'postgres',
  connections: {
    postgres: {
      client: 'pg',
      connection: postgresSession(env.get('DATABASE_URL'), { patience }),
      schemaGeneration: { enabled: false },
      pool: {
        min: 0,
        max: shareOf(10, 4),
        acquireTimeoutMillis: QUERY_MILLISECONDS,
        // One on which a query was given up still waits for its answer, and with it all that follow.
        validate: (client: pg.Client & { readyForQuery?: boolean }) =>
          client.readyForQuery !== false,
      },
      migrations: { naturalSort: true, paths: ['database/migrations'] },
    },
  },
})
