import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

export interface BuildInfo {
  version: string
  commit: string | null
  /** RFC 3339, UTC, milliseconds. */
  buildTime: string | null
  githubUrl: string | null
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const COMMIT = /^[0-9a-f]{40}$/

/**
 * What is running: the version and the address from `package.json`; the commit and the time from the variables
 * `BUILD_COMMIT` and `BUILD_TIME` that an image is built with, else the commit from the checkout it runs in.
 */
export async function readBuildInfo(environment = process.env, root = ROOT): Promise<BuildInfo> {
  const manifest: { version: string; repository?: { url?: string } } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8')
  )
  const builtAt = Date.parse(environment['BUILD_TIME'] ?? '')
  return {
    version: manifest.version,
    commit: environment['BUILD_COMMIT'] || (await commitOf(join(root, '.git'))),
    buildTime: Number.isNaN(builtAt) ? null : new Date(builtAt).toISOString(),
    githubUrl: manifest.repository?.url?.replace(/^git\+/, '').replace(/\.git$/, '') ?? null,
  }
}

/** The commit that is checked out, when `.git` is a folder and the reference is not packed. */
async function commitOf(gitFolder: string): Promise<string | null> {
  try {
    const head = (await readFile(join(gitFolder, 'HEAD'), 'utf8')).trim()
    const reference = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1]
    const commit =
      reference === undefined ? head : (await readFile(join(gitFolder, reference), 'utf8')).trim()
    return COMMIT.test(commit) ? commit : null
  } catch {
    return null
  }
}
