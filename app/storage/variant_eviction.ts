/** A file of the cache of variants. */
export interface CachedFile {
  path: string
  size: number
  /** When it was last asked for, in milliseconds since 1970. */
  usedAt: number
}

export interface CacheBounds {
  bytes: number
  /** What nobody has asked for since this moment goes in any case. */
  unusedSince: number
}

/** So much is left free, so that not every new file starts an eviction. */
const FREE_SHARE = 0.1

/** What must go: what was not asked for in a long time, and when there is too much, what was not asked for longest. */
export function filesToEvict(files: readonly CachedFile[], bounds: CacheBounds): CachedFile[] {
  const evicted = files.filter(({ usedAt }) => usedAt < bounds.unusedSince)
  const kept = files.filter(({ usedAt }) => usedAt >= bounds.unusedSince)
  let bytes = kept.reduce((sum, { size }) => sum + size, 0)
  if (bytes <= bounds.bytes) {
    return evicted
  }
  const target = bounds.bytes * (1 - FREE_SHARE)
  for (const file of kept.toSorted((one, other) => one.usedAt - other.usedAt)) {
    if (bytes <= target) {
      break
    }
    evicted.push(file)
    bytes -= file.size
  }
  return evicted
}
