import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceTemplate,
  type McpServer,
  type ReadResourceResult,
} from '@modelcontextprotocol/server'
import { errorBody } from './answers.ts'
import type { ImageLibrary } from './library.ts'

const JSON_TYPE = { mimeType: 'application/json' }

/** Offers what agents can read without calling a tool. */
export function registerResources(
  server: McpServer,
  library: ImageLibrary<never>,
  report: (error: unknown) => void
): void {
  const read = async (uri: URL, find: () => Promise<object>): Promise<ReadResourceResult> => {
    try {
      return { contents: [{ uri: uri.href, ...JSON_TYPE, text: JSON.stringify(await find()) }] }
    } catch (error) {
      throw asProtocolError(error, report)
    }
  }

  server.registerResource(
    'profile',
    'picfast://user/profile',
    {
      title: 'Your profile',
      description: 'The account, its usage and its settings.',
      ...JSON_TYPE,
    },
    (uri) => read(uri, () => library.profile())
  )
  server.registerResource(
    'image',
    // There may be millions of images: agents find them with list_images.
    new ResourceTemplate('picfast://images/{key}', { list: undefined }),
    { title: 'An image', description: 'What is known of an image, and its links.', ...JSON_TYPE },
    (uri, { key }) => read(uri, () => library.get(String(key)))
  )
}

/** Reading has no place for an error but the protocol's own; agents find ours in its data. */
function asProtocolError(error: unknown, report: (error: unknown) => void): ProtocolError {
  const body = errorBody(error, report)
  const { code, message } = body.error
  const isCallersFault = code !== 'INTERNAL_ERROR'
  return new ProtocolError(
    isCallersFault ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError,
    `${code}: ${message}`,
    body
  )
}
