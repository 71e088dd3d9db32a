import { defineConfig } from '@adonisjs/core/bodyparser'

/**
 * Bodies are JSON and small. The parser inflates, bounds and decodes them; `BodyMiddleware` reads the JSON, so that it
 * can refuse deep ones. Uploads are streamed by the routes that take them.
 */
export default defineConfig({
  allowedMethods: ['POST', 'PUT', 'PATCH', 'DELETE'],
  json: { types: [] },
  form: { types: [] },
  raw: { limit: '256kb', types: ['application/json'] },
  multipart: { autoProcess: false },
})
