import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'

const ACE = fileURLToPath(new URL('../../ace.js', import.meta.url))

test.group('A command whose reader has seen enough', () => {
  test('ends as SIGPIPE ends others, and says nothing', async ({ assert }) => {
    const child = spawn(process.execPath, [ACE, 'list'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_ENV: 'production',
        DATABASE_URL: 'postgres://127.0.0.1:1/none',
        REDIS_URL: 'redis://127.0.0.1:1',
        APP_KEY: TEST_SITE_KEY,
      },
    })
    child.stdout.destroy()
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const [code] = await once(child, 'close')
    assert.equal(said, '')
    assert.equal(code, 141)
  }).timeout(30_000)
})
