// What packages bring and a host never uses: C headers that only native-addon builds need (65 MB), of fonts the weights,
// slopes and encodings beside the one that watermarks are written in (25 MB), and maps to sources (15 MB).
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

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

/** What this package has to itself; where it is a dependency, the packages beside it are others' too. */
const own = fileURLToPath(new URL('../node_modules/', import.meta.url))

function namesIn(path) {
  return existsSync(path) ? readdirSync(path) : []
}

const FONTS = {
  '@fontsource': /-emoji-400-normal\.woff2$/,
  '@fontsource-variable': /-wght-normal\.woff2$/,
}
for (const [scope, used] of Object.entries(FONTS)) {
  for (const name of namesIn(join(own, scope))) {
    const files = join(own, scope, name, 'files')
    for (const file of namesIn(files).filter((candidate) => !used.test(candidate))) {
      rmSync(join(files, file))
    }
  }
}

rmSync(join(own, 'zod', 'src'), { recursive: true, force: true })
for (const file of existsSync(own) ? readdirSync(own, { recursive: true }) : []) {
  if (/\.[cm]?(?:js|ts)\.map$/.test(file)) {
    rmSync(join(own, file), { force: true })
  }
}
