import { FORMATS } from '#imaging/formats'

const TYPES = new Map(
  Object.entries(FORMATS).map(([extension, { mimetype }]) => [extension, mimetype as string])
)

/** The type of an object's bytes by its name, for those who are sent to it directly. */
export function contentTypeOf(key: string): string {
  const extension = key.slice(key.lastIndexOf('.') + 1)
  return TYPES.get(extension) ?? 'application/octet-stream'
}
