import { defineConfig } from '@adonisjs/core/logger'
import env from '#start/env'
import { errorRecord } from '#start/error_record'

/** JSON lines on standard output; what could be a secret is cut out before it is written. */
export default defineConfig({
  default: 'app',
  loggers: {
    app: {
      enabled: true,
      name: 'picfast',
      level: env.get('LOG_LEVEL', 'info'),
      serializers: { err: (error: unknown) => errorRecord(error) },
      redact: {
        paths: [
          'authorization',
          '*.authorization',
          'headers.authorization',
          'password',
          '*.password',
        ],
        censor: '[cut out]',
      },
    },
  },
})
