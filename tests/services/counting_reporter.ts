import type { NamedReporterContract } from '@japa/runner/types'

/** Counts tests as they end, for the one line that machines read. */
export function countingReporter(counts: {
  passed: number
  failed: number
}): NamedReporterContract {
  return {
    name: 'counting',
    handler(_runner, emitter) {
      emitter.on('test:end', ({ hasError, isSkipped, isTodo }) => {
        if (isSkipped || isTodo) {
          return
        }
        if (hasError) {
          counts.failed += 1
        } else {
          counts.passed += 1
        }
      })
    },
  }
}
