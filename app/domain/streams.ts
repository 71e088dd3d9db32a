/** Stream names: `<category>-<id>`; the site has one stream. */
export const streams = {
  image: (id: number) => `image-${id}`,
  /** Its id is that of the image that it makes. */
  imageImport: (id: number) => `image_import-${id}`,
  album: (id: number) => `album-${id}`,
  account: (id: number) => `account-${id}`,
  apiToken: (id: number) => `api_token-${id}`,
  group: (id: number) => `group-${id}`,
  strategy: (id: number) => `strategy-${id}`,
  /** The views of a shared link. */
  share: (id: number) => `share-${id}`,
  site: () => 'site',
  /** What administrators had done to a read model. */
  projection: (name: string) => `projection-${name}`,
  queue: (name: string) => `queue-${name}`,
  /** What visitors did on a day, `YYYY-MM-DD`. */
  visitor: (day: string) => `visitor-${day.replaceAll('-', '')}`,
} as const

/** The category of a stream: what stands before the first dash. */
export function categoryOf(stream: string): string {
  const dash = stream.indexOf('-')
  return dash === -1 ? stream : stream.slice(0, dash)
}
