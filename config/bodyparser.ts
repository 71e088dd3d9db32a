import { defineConfig } from '@adonisjs/core/bodyparser'

/**
 * Bodies are JSON and small. Values are taken as they were sent: a password may end with a blank, an introduction may
 * be empty. Uploads are streamed by the routes that take them.
 */
export default defineConfig({
  allowedMethods: ['POST', 'PUT', 'PATCH', 'DELETE'],
  json: {
    limit: '256kb',
    types: ['application/json'],
    strict: true,
    convertEmptyStringsToNull: false,
    trimWhitespaces: false,
  },
  form: { types: [] },
  raw: { types: [] },
  multipart: { autoProcess: false },
})
