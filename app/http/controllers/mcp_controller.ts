import { Readable } from 'node:stream'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { HttpContext } from '@adonisjs/core/http'
import { AccountLibrary } from '#http/account_library'
import { readBuildInfo } from '#http/build_info'
import { createMcpServer } from '#mcp/server'
import { sentUploads } from '#mcp/uploads'

/** An image of 16 MiB as base64, and what stands around it; larger ones come by URL. */
const LARGEST_BODY_BYTES = 24 * 1024 * 1024

/** Headers that are for the server of agents; credentials end here. */
const FORWARDED = /^(?:accept|content-(?:type|length|encoding)|mcp-.+)$/

const version = readBuildInfo().then((info) => info.version)

/**
 * Agents, over Streamable HTTP. Nothing is kept between requests, so that any web process can answer any of them; there
 * is nothing to subscribe to.
 */
export default class McpController {
  async handle(ctx: HttpContext) {
    const library = new AccountLibrary(ctx)
    const report = (error: unknown) => ctx.logger.error({ err: error }, 'An agent was not served')
    const parts = { library, form: sentUploads, version: await version, report }
    const handler = createMcpHandler(() => createMcpServer(parts), {
      maxRequestBodySize: LARGEST_BODY_BYTES,
      maxSubscriptions: 0,
    })
    const response = await handler.fetch(webRequestOf(ctx))

    ctx.response.status(response.status)
    for (const [name, value] of response.headers) {
      ctx.response.header(name, value)
    }
    if (response.body === null) {
      return ctx.response.send('')
    }
    return ctx.response.stream(Readable.fromWeb(response.body))
  }
}

/** The request as the SDK takes it; work stops when the agent goes away. */
function webRequestOf({ request, response }: HttpContext): Request {
  const gone = new AbortController()
  response.response.once('close', () => gone.abort())
  const headers = Object.entries(request.headers()).filter(([name]) => FORWARDED.test(name))
  return new Request(new URL('/mcp', 'http://localhost'), {
    method: request.method(),
    headers: headers.map(([name, value]) => [name, String(value)]),
    body: Readable.toWeb(request.request),
    duplex: 'half',
    signal: gone.signal,
  })
}
