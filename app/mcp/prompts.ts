import type { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

const FORMATS = ['markdown', 'html', 'bbcode', 'url'] as const

/** Offers the prompt; `source` is what a person would call the place that an image comes from. */
export function registerPrompts(server: McpServer, source: string): void {
  server.registerPrompt(
    'upload_and_share',
    {
      title: 'Upload and share an image',
      description: 'Upload an image and get a link that is ready to be pasted.',
      argsSchema: z.object({
        image: z.string().describe(`The ${source}`),
        format: z.enum(FORMATS).optional().describe('The form of the link; markdown unless told'),
      }),
    },
    ({ image, format = 'markdown' }) => ({
      messages: [
        {
          role: 'user',
          content: {
            type: 'text',
            text:
              `Upload the image at ${image} with the tool upload_image. ` +
              `Then answer with the field "${format}" of the result and nothing else, ` +
              `so that it can be pasted as it is. ` +
              `If the upload fails, say in one sentence what the error tells and what would help.`,
          },
        },
      ],
    })
  )
}
