import { parentPort } from 'node:worker_threads'
import type { Budget } from './tasks.ts'

/**
 * A thread beside the one that works: it sees what the whole process takes, also while that one computes or waits for a
 * library, and ends the process when it is too much. There is no other way to stop a library.
 */

const CHECK_MILLISECONDS = 25

let watching: NodeJS.Timeout | undefined

parentPort?.on('message', (budget: Budget | null) => {
  clearInterval(watching)
  if (budget !== null) {
    watching = watch(budget)
  }
})

function watch({ cpuSeconds, bytes }: Budget): NodeJS.Timeout {
  const before = process.cpuUsage()
  const bytesBefore = process.memoryUsage.rss()
  return setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    const taken = process.memoryUsage.rss() - bytesBefore
    if ((user + system) / 1e6 > cpuSeconds || taken > bytes) {
      process.kill(process.pid, 'SIGKILL')
    }
  }, CHECK_MILLISECONDS)
}
