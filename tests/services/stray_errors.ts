import { inspect } from 'node:util'
import type { PluginFn } from '@japa/runner/types'

/**
 * Counts an error that nobody awaited as a failure, and tells which test ran at the time: the runner itself fails the run without
 * saying where.
 */
export function strayErrors(counts: { failed: number }): PluginFn {
  return ({ emitter }) => {
    let running = 'no test'
    emitter.on('test:start', ({ title }) => {
      running = `"${title.expanded}"`
    })
    const tell = (error: unknown) => {
      counts.failed += 1
      process.stderr.write(
        `An error that nobody awaited, while ${running} ran: ${inspect(error)}\n`
      )
    }
    process.on('uncaughtException', tell)
    process.on('unhandledRejection', tell)
  }
}
