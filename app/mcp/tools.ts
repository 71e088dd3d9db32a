import type { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { toolAnswer } from './answers.ts'
import { imageQuery, type ImageLibrary } from './library.ts'
import { deletedImage, image, imagePage, uploadedImage, usageStats } from './shapes.ts'
import type { UploadForm } from './uploads.ts'

const imageKey = z.object({ key: z.string().describe('The key of the image, such as k3x9ab') })

const READS = { readOnlyHint: true, openWorldHint: false }
const DELETES = { destructiveHint: true, idempotentHint: true, openWorldHint: false }
const ADDS = { destructiveHint: false, idempotentHint: false, openWorldHint: true }

/** Offers the tools. */
export function registerTools<Upload>(
  server: McpServer,
  library: ImageLibrary<Upload>,
  form: UploadForm<Upload>,
  report: (error: unknown) => void
): void {
  server.registerTool(
    'upload_image',
    {
      title: 'Upload an image',
      description: form.description,
      inputSchema: form.schema,
      outputSchema: uploadedImage,
      annotations: ADDS,
    },
    (upload) => toolAnswer(() => library.upload(upload), report)
  )
  server.registerTool(
    'list_images',
    {
      title: 'List images',
      description: 'List your images, newest first.',
      inputSchema: imageQuery,
      outputSchema: imagePage,
      annotations: READS,
    },
    (query) => toolAnswer(() => library.list(query), report)
  )
  server.registerTool(
    'get_image',
    {
      title: 'Show an image',
      description: 'Show what is known of an image, and its links.',
      inputSchema: imageKey,
      outputSchema: image,
      annotations: READS,
    },
    ({ key }) => toolAnswer(() => library.get(key), report)
  )
  server.registerTool(
    'delete_image',
    {
      title: 'Delete an image',
      description: 'Delete one of your images: its links stop working.',
      inputSchema: imageKey,
      outputSchema: deletedImage,
      annotations: DELETES,
    },
    ({ key }) =>
      toolAnswer(async () => {
        await library.delete(key)
        return { key, deleted: true }
      }, report)
  )
  server.registerTool(
    'get_usage_stats',
    {
      title: 'Show usage',
      description: 'Show how much space and how many images and albums your account has in use.',
      inputSchema: z.object({}),
      outputSchema: usageStats,
      annotations: READS,
    },
    () => toolAnswer(async () => usageStats.parse(await library.profile()), report)
  )
}
