// The `node` package ships C headers that only native-addon builds need: 65 MB that a host never uses.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

const platformPackages = fileURLToPath(
  new URL('../node_modules/node/node_modules/', import.meta.url)
)

if (existsSync(platformPackages)) {
  for (const name of readdirSync(platformPackages)) {
    for (const folder of ['include', 'share']) {
      rmSync(join(platformPackages, name, folder), { recursive: true, force: true })
    }
  }
}
