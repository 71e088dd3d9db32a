import vine from '@vinejs/vine'
import type { PageRequest } from '#read_models/page_request'
import { wholeNumber } from './fields.ts'

const LAST_PAGE = 1_000_000_000
const LARGEST_PAGE = 100

/** What every list takes. */
export const pageFields = {
  page: wholeNumber(1, LAST_PAGE).optional(),
  page_size: wholeNumber(1, LARGEST_PAGE).optional(),
}

export const pageValidator = vine.create(pageFields)

/** The page that was asked for: the first, of 20, unless told. */
export function pageOf(query: { page?: number; page_size?: number }): PageRequest {
  return { page: query.page ?? 1, size: query.page_size ?? 20 }
}
