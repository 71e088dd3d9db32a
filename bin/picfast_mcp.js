#!/usr/bin/env node
// Node runs the TypeScript sources as they are. Where the machine's Node is too old for that, the one among the
// dependencies takes over; and where this package lies within `node_modules`, as npx has it, Node declines to strip
// types by itself and is told to.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED_MAJOR = 24
const PACKAGED_SOURCE = /^file:.*\/node_modules\/.*\.ts$/

function stripTypesOfPackagedSources() {
  nodeModule.registerHooks({
    load(url, context, nextLoad) {
      if (!PACKAGED_SOURCE.test(url)) {
        return nextLoad(url, context)
      }
      const source = nodeModule.stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'))
      return { format: 'module', source, shortCircuit: true }
    },
  })
}

function runWithNewerNode() {
  const require = nodeModule.createRequire(import.meta.url)
  const node = join(dirname(require.resolve('node/package.json')), 'bin/node')
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}

if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) {
  stripTypesOfPackagedSources()
  await import('./picfast_mcp.ts')
} else {
  runWithNewerNode()
}
