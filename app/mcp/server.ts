import { McpServer } from '@modelcontextprotocol/server'
import type { ImageLibrary } from './library.ts'
import { registerPrompts } from './prompts.ts'
import { registerResources } from './resources.ts'
import { registerTools } from './tools.ts'
import type { UploadForm } from './uploads.ts'

const INSTRUCTIONS =
  'PicFast stores images and answers links to them. Errors are {"error": {"code", "message"}}.'

export interface McpServerParts<Upload> {
  library: ImageLibrary<Upload>
  /** How images are handed over. */
  form: UploadForm<Upload>
  version: string
  /** Told of every fault that is ours. */
  report: (error: unknown) => void
}

/** Everything agents can use, over whichever transport it is then connected to. */
export function createMcpServer<Upload>(parts: McpServerParts<Upload>): McpServer {
  const { library, form, version, report } = parts
  const server = new McpServer(
    { name: 'picfast', title: 'PicFast', version },
    { instructions: INSTRUCTIONS }
  )
  registerTools(server, library, form, report)
  registerResources(server, library, report)
  registerPrompts(server, form.source)
  return server
}
