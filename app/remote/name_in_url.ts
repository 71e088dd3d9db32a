/** The last part of an address's path, if it can be read. */
export function nameInUrl(url: string): string | undefined {
  const name = URL.parse(url)?.pathname.split('/').at(-1)
  try {
    return name === undefined ? undefined : decodeURIComponent(name)
  } catch {
    return undefined
  }
}
