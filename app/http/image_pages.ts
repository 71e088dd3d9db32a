import { InvalidFieldsError } from './errors.ts'
import { decodeCursor, encodeCursor, type ImageCursor } from './image_cursor.ts'
import { pageOfItems, type Page } from './pages.ts'
import { pageOf } from './validators/page_validator.ts'
import { offsetOf } from '#read_models/page_request'
import type { ImageMark } from '#read_models/image_queries'

export interface ImagePageQuery {
  page?: number
  page_size?: number
  cursor?: string
}

export interface ImagePage<Item> extends Page<Item> {
  next_cursor: string | null
}

/**
 * A page of images, by number or by cursor. `list` answers so many after a mark or a number to skip; `count` is asked
 * only where no cursor brings the total along.
 *
 * @throws InvalidFieldsError for a cursor that no list has answered
 */
export async function pageOfImages<Image extends { createdAt: string; imageId: number }, Item>(
  query: ImagePageQuery,
  source: {
    list(start: ImageMark | number, limit: number): Promise<Image[]>
    count(): Promise<number>
    transform(image: Image): Item
  }
): Promise<ImagePage<Item>> {
  const cursor = cursorOf(query.cursor)
  const { page, size } = { ...pageOf(query), ...(cursor && { page: cursor.page }) }
  const [total, found] = await Promise.all([
    cursor?.total ?? source.count(),
    source.list(cursor ?? offsetOf({ page, size }), size + 1),
  ])
  const images = found.slice(0, size)
  const last = found.length > size ? images.at(-1) : undefined
  return {
    ...pageOfItems(
      images.map((image) => source.transform(image)),
      total,
      { page, size }
    ),
    next_cursor: last
      ? encodeCursor({ createdAt: last.createdAt, imageId: last.imageId, page: page + 1, total })
      : null,
  }
}

function cursorOf(text: string | undefined): ImageCursor | null {
  const cursor = text === undefined ? null : decodeCursor(text)
  if (text !== undefined && cursor === null) {
    throw new InvalidFieldsError({ cursor: ['The cursor is not one that a list has answered'] })
  }
  return cursor
}
