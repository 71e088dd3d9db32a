import { z } from 'zod'

/**
 * What agents get, in the API's own names. The shapes say what a tool answers, and check what another server's API has
 * answered; fields that a newer server adds pass.
 */

const links = z.object({
  url: z.string(),
  html: z.string(),
  bbcode: z.string(),
  markdown: z.string(),
  thumbnail_url: z.string(),
})

export const image = z.looseObject({
  id: z.int(),
  key: z.string(),
  origin_name: z.string().nullable(),
  size_bytes: z.int(),
  mimetype: z.string(),
  extension: z.string(),
  width: z.int(),
  height: z.int(),
  md5: z.string(),
  sha1: z.string(),
  permission: z.int().describe('0 private, 1 public'),
  album_id: z.int().nullable(),
  moderation_status: z.string(),
  strategy_id: z.int(),
  expires_at: z.string().nullable(),
  links,
  created_at: z.string(),
})
export type ImageJson = z.infer<typeof image>

export const imagePage = z.object({
  items: z.array(image),
  total: z.int(),
  page: z.int(),
  size: z.int(),
  total_pages: z.int(),
  next_cursor: z.string().nullable(),
})
export type ImagePageJson = z.infer<typeof imagePage>

export const usageStats = z.object({
  used_bytes: z.int(),
  capacity_bytes: z.int(),
  image_num: z.int(),
  album_num: z.int(),
})
export type UsageStats = z.infer<typeof usageStats>

export const profile = z.looseObject({
  ...usageStats.shape,
  id: z.int(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  role: z.string(),
  status: z.int(),
  email_verified: z.boolean(),
  created_at: z.string(),
})
export type ProfileJson = z.infer<typeof profile>

export const uploadedImage = z.object({
  key: z.string(),
  url: z.string(),
  markdown: z.string(),
  html: z.string(),
  bbcode: z.string(),
  mimetype: z.string(),
  original_size: z.int().describe('Bytes that were sent'),
  stored_size: z.int().describe('Bytes that the URL serves'),
  processed: z.boolean().describe('Whether the stored bytes differ from those sent'),
})
export type UploadedImage = z.infer<typeof uploadedImage>

export const deletedImage = z.object({ key: z.string(), deleted: z.literal(true) })

/** The answer to an upload of a file of this size and SHA-1. */
export function uploadedFrom(
  stored: Pick<ImageJson, 'key' | 'links' | 'mimetype' | 'size_bytes' | 'sha1'>,
  original: { size: number; sha1: string }
): UploadedImage {
  const { url, markdown, html, bbcode } = stored.links
  return {
    key: stored.key,
    url,
    markdown,
    html,
    bbcode,
    mimetype: stored.mimetype,
    original_size: original.size,
    stored_size: stored.size_bytes,
    processed: stored.sha1 !== original.sha1,
  }
}
