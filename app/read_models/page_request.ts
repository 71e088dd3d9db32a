/** Which part of a list is asked for; pages count from 1. */
export interface PageRequest {
  page: number
  size: number
}

export interface PageOf<Item> {
  items: Item[]
  /** How many there are on all pages. */
  total: number
}

export function offsetOf({ page, size }: PageRequest): number {
  return (page - 1) * size
}
