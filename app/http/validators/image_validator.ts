import vine from '@vinejs/vine'
import type { Infer } from '@vinejs/vine/types'
import type { ImageFilter } from '#read_models/image_queries'
import {
  duration,
  id,
  permission,
  permissionText,
  text,
  timeToLive,
  wholeNumber,
} from './fields.ts'
import { moment } from './moments.ts'
import { pageFields } from './page_validator.ts'
import type { UploadWishes } from '#uploads/image_uploads'
import { givenValues } from '../given_values.ts'

const largestId = Number.MAX_SAFE_INTEGER

/** The fields beside the file; a multipart form has only text. */
const uploadFieldsValidator = vine.create({
  album_id: wholeNumber(1, largestId).optional(),
  permission: permissionText().optional(),
  expires_in: timeToLive().optional(),
  strategy_id: wholeNumber(1, largestId).optional(),
})

/** What the fields beside a file ask for. */
export async function readUploadWishes(fields: Record<string, string>): Promise<UploadWishes> {
  return uploadFieldsValidator.validate(givenValues(fields))
}

export const updateImageValidator = vine.create({
  album_id: id().nullable().optional(),
  permission: permission().optional(),
  expires_in: duration().nullable().optional(),
})

const MOST_AT_ONCE = 200

export const batchDeleteValidator = vine.create({
  keys: vine
    .array(vine.string().regex(/^[a-z0-9]{6,32}$/))
    .minLength(1)
    .maxLength(MOST_AT_ONCE),
})

export const listImagesValidator = vine.create({
  ...pageFields,
  cursor: vine.string().maxLength(200).optional(),
  album_id: wholeNumber(1, largestId).optional(),
  keyword: text(255).optional(),
  extension: vine
    .string()
    .regex(/^[A-Za-z0-9]{2,5}$/)
    .optional(),
  permission: permissionText().optional(),
  moderation_status: vine.enum(['approved', 'pending', 'rejected'] as const).optional(),
  date_from: moment('start').optional(),
  date_to: moment('end').optional(),
})

/** What such a query narrows the list to. */
export function imageFilterOf(query: Infer<typeof listImagesValidator>): ImageFilter {
  return {
    albumId: query.album_id,
    keyword: query.keyword,
    extension: query.extension,
    permission: query.permission,
    moderationStatus: query.moderation_status,
    createdFrom: query.date_from,
    createdTo: query.date_to,
  }
}
