import { spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'

const ACE = fileURLToPath(new URL('../../ace.js', import.meta.url))
/** Where every write fails as on a full disk. */
const FULL_DISK = '/dev/full'

/** A command that prints, with its standard output as told; `said` resolves to what else it says. */
function startList(output: 'pipe' | number) {
  const stdio: StdioOptions = ['ignore', output, 'pipe']
  const child = spawn(process.execPath, [ACE, 'list'], {
    stdio,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
      REDIS_URL: 'redis://127.0.0.1:1',
      APP_KEY: TEST_SITE_KEY,
    },
  })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const outcome = once(child, 'close').then(([code]) => ({ code, said }))
  return { child, outcome }
}

test.group('A command that cannot print', () => {
  test('ends as SIGPIPE ends others when its reader has seen enough, and says nothing', async ({
    assert,
  }) => {
    const { child, outcome } = startList('pipe')
    child.stdout?.destroy()
    assert.deepEqual(await outcome, { code: 141, said: '' })
  }).timeout(30_000)

  test('says so in a sentence on a full disk', async ({ assert, cleanup }) => {
    const disk = await open(FULL_DISK, 'w')
    cleanup(() => disk.close())
    const { code, said } = await startList(disk.fd).outcome
    assert.equal(code, 1)
    assert.match(said, /^What was to be printed could not be written: ENOSPC.*\n$/)
  })
    .timeout(30_000)
    .skip(process.platform !== 'linux', 'only Linux has such a file')
})
