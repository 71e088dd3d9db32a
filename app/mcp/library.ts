import { z } from 'zod'
import type { ImageJson, ImagePageJson, ProfileJson, UploadedImage } from './shapes.ts'

/** What may be asked for beside the image; the names are those of the API. */
export const uploadWishes = z.object({
  album_id: z.int().positive().optional().describe('The album to put it into'),
  permission: z
    .union([z.literal(0), z.literal(1)])
    .optional()
    .describe('0 private, 1 public; the account’s default unless told'),
  expires_in: z
    .string()
    .optional()
    .describe('How long it stays, such as 30m, 24h, 7d or 1y; for ever unless told'),
})
export type UploadWishes = z.infer<typeof uploadWishes>

export const imageQuery = z.object({
  page: z.int().min(1).optional(),
  page_size: z.int().min(1).max(100).optional().describe('20 unless told'),
  cursor: z.string().max(200).optional().describe('next_cursor of the page before'),
  keyword: z.string().max(255).optional().describe('Part of the file name, or a key'),
  album_id: z.int().positive().optional(),
  extension: z.string().max(5).optional().describe('Such as png'),
  permission: z
    .union([z.literal(0), z.literal(1)])
    .optional()
    .describe('0 private, 1 public'),
  date_from: z.string().optional().describe('A date, or an RFC 3339 time'),
  date_to: z.string().optional().describe('A date, or an RFC 3339 time'),
})
export type ImageQuery = z.infer<typeof imageQuery>

/**
 * What agents can do with the images of one account. `Upload` is how an image is handed over: that depends on whether
 * the agent shares a disk with this process. What is refused is an AgentError.
 */
export interface ImageLibrary<Upload> {
  upload(upload: Upload): Promise<UploadedImage>
  list(query: ImageQuery): Promise<ImagePageJson>
  get(key: string): Promise<ImageJson>
  delete(key: string): Promise<void>
  profile(): Promise<ProfileJson>
}

/** What a query or wishes are on the wire: only what was given, as text. */
export function asFields(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)])
  )
}
