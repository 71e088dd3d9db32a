import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { readBuildInfo } from '#http/build_info'
import { RestLibrary } from '#mcp/rest_library'
import { createMcpServer } from '#mcp/server'
import { localUploads } from '#mcp/uploads'

/** Standard output belongs to the protocol; people read standard error. */
function report(error: unknown): void {
  console.error(error)
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

const baseUrl = process.env['PICFAST_BASE_URL'] ?? ''
const protocol = URL.parse(baseUrl)?.protocol
if (protocol !== 'http:' && protocol !== 'https:') {
  fail('PICFAST_BASE_URL must be the address of a PicFast site, such as https://img.example.org')
}
const token = process.env['PICFAST_API_TOKEN'] || null

const { version } = await readBuildInfo()
const library = new RestLibrary({ baseUrl, token, userAgent: `picfast-mcp/${version}` })
serveStdio(() => createMcpServer({ library, form: localUploads, version, report }), {
  onerror: report,
})
