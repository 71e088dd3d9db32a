import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Paths of all files below a folder, relative to it. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await entriesBelow(folder)
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
}

/**
 * All files and folders below a folder in which a site may be at work: one that goes while this
 * looks has nothing in it, where `readdir` with `recursive` fails.
 */
export async function entriesBelow(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(noneIfGone)
  const below = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entriesBelow(join(folder, entry.name)))
  )
  return [...entries, ...below.flat()]
}

function noneIfGone(error: unknown): [] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return []
  }
  throw error
}
