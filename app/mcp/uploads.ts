import { z } from 'zod'
import { uploadWishes } from './library.ts'

/** How `upload_image` takes an image: what to tell agents of it, and what they must send. */
export interface UploadForm<Upload> {
  description: string
  schema: z.ZodType<Upload>
  /** What a person would call the source of an image, for the prompt. */
  source: string
}

const localUpload = z.object({
  path: z.string().min(1).describe('Path of the image on this machine'),
  ...uploadWishes.shape,
})
export type LocalUpload = z.infer<typeof localUpload>

/** For an agent on the same machine. */
export const localUploads: UploadForm<LocalUpload> = {
  description: 'Upload an image from a file on this machine. Answers its links.',
  schema: localUpload,
  source: 'path of the image file',
}

const sentUpload = z.object({
  base64: z.string().optional().describe('The image’s bytes; a data URL is taken too'),
  url: z.string().max(2048).optional().describe('An http(s) address to fetch the image from'),
  filename: z.string().max(255).optional().describe('Its name, such as harbour.jpg'),
  ...uploadWishes.shape,
})
export type SentUpload = z.infer<typeof sentUpload>

/** For an agent anywhere. */
export const sentUploads: UploadForm<SentUpload> = {
  description:
    'Upload an image: give either its bytes as base64, or a public URL to fetch it from. Answers its links.',
  schema: sentUpload,
  source: 'address of the image',
}
