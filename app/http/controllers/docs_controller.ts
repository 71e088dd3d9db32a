import type { HttpContext } from '@adonisjs/core/http'
import { DOCS_POLICY, readDocs } from '#http/docs_page'

/** The API's documentation in a browser, from this server's own files. */
export default class DocsController {
  async page({ response }: HttpContext) {
    const { page } = await readDocs()
    response.header('Content-Security-Policy', DOCS_POLICY)
    response.header('Referrer-Policy', 'no-referrer')
    response.header('X-Content-Type-Options', 'nosniff')
    response.header('Cache-Control', 'no-cache')
    response.header('Content-Type', 'text/html; charset=utf-8').send(page)
  }

  /** The page asks for it by an address that changes with it. */
  async script({ request, response }: HttpContext) {
    const { script, gzippedScript } = await readDocs()
    response.header('Cache-Control', 'public, max-age=31536000, immutable')
    response.header('Vary', 'Accept-Encoding')
    response.header('X-Content-Type-Options', 'nosniff')
    response.header('Content-Type', 'text/javascript; charset=utf-8')
    if (request.encoding(['gzip', 'identity']) === 'gzip') {
      return response.header('Content-Encoding', 'gzip').send(gzippedScript)
    }
    response.send(script)
  }
}
