// The `node` package ships C headers that only native-addon builds need: 65 MB that a host never uses.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Below this package, or beside it where this package is itself a dependency. */
function folderOfNode() {
  try {
    return dirname(createRequire(import.meta.url).resolve('node/package.json'))
  } catch {
    return null
  }
}

const folder = folderOfNode()
const platformPackages = folder === null ? null : join(folder, 'node_modules')

if (platformPackages !== null && existsSync(platformPackages)) {
  const folders = readdirSync(platformPackages, { withFileTypes: true })
  for (const { name } of folders.filter((entry) => entry.isDirectory())) {
    for (const part of ['include', 'share']) {
      rmSync(join(platformPackages, name, part), { recursive: true, force: true })
    }
  }
}
