import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { test } from '@japa/runner'

const runFile = promisify(execFile)
const MODULE = new URL('../../app/supervisor/step_back.ts', import.meta.url).href

/** Steps back, and tells the standing (`nice`, proc_pid_stat(5)) of each thread of the process and of one started after. */
const programOf = (standing: string) => `
  import { readdirSync, readFileSync } from 'node:fs'
  import { readFile } from 'node:fs/promises'
  import { Worker } from 'node:worker_threads'
  import { stepBack } from '${MODULE}'
  await readFile('/proc/self/stat')
  stepBack('${standing}')
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
  worker.once('online', () => {
    const niceOf = (thread) =>
      Number(readFileSync('/proc/self/task/' + thread + '/stat', 'utf8').split(') ')[1].split(' ')[16])
    console.log(JSON.stringify(readdirSync('/proc/self/task').map(niceOf)))
    process.exit()
  })`

test.group('Stepping back', (group) => {
  group.tap((each) => each.skip(!existsSync('/proc/self/task'), 'Only Linux tells of threads'))

  for (const [standing, nice] of [
    ['behind', 10],
    ['last', 19],
  ] as const) {
    test(`${standing}: every thread of the process does`, async ({ assert }) => {
      const { stdout } = await runFile(process.execPath, [
        '--input-type=module',
        '--eval',
        programOf(standing),
      ])
      const told = JSON.parse(stdout) as number[]
      assert.isAbove(told.length, 6)
      assert.deepEqual(new Set(told), new Set([nice]))
    })
  }
})
