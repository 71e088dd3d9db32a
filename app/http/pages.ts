import type { PageRequest } from '#read_models/page_request'

export interface Page<Item> {
  items: Item[]
  total: number
  page: number
  size: number
  total_pages: number
}

export function pageOfItems<Item>(
  items: Item[],
  total: number,
  { page, size }: PageRequest
): Page<Item> {
  return { items, total, page, size, total_pages: Math.ceil(total / size) }
}
