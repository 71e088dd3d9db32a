import { Buffer } from 'node:buffer'

/**
 * Where the next page of a list of images starts: after the image of this moment and id. The total and the number of
 * the page ride along, so that a long walk counts once.
 */
export interface ImageCursor {
  createdAt: string
  imageId: number
  page: number
  total: number
}

const LONGEST_CURSOR = 200
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

export function encodeCursor(cursor: ImageCursor): string {
  const { createdAt, imageId, page, total } = cursor
  return Buffer.from(JSON.stringify([createdAt, imageId, page, total])).toString('base64url')
}

/** The cursor, or `null` when the text is not one that `encodeCursor` made. */
export function decodeCursor(text: string): ImageCursor | null {
  if (text.length > LONGEST_CURSOR || !/^[A-Za-z0-9_-]+$/.test(text)) {
    return null
  }
  const parts = parseArray(Buffer.from(text, 'base64url').toString('utf8'))
  if (parts?.length !== 4) {
    return null
  }
  const [createdAt, imageId, page, total] = parts
  if (typeof createdAt !== 'string' || !isMoment(createdAt)) {
    return null
  }
  if (!isCount(imageId) || !isCount(page) || !isCount(total) || imageId < 1 || page < 1) {
    return null
  }
  return { createdAt, imageId, page, total }
}

function parseArray(text: string): unknown[] | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) ? parsed : null
  } catch {
    return null
  }
}

function isMoment(text: string): boolean {
  return MOMENT.test(text) && !Number.isNaN(Date.parse(text))
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
