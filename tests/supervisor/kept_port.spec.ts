import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from '@japa/runner'
import { EmbeddedRedis } from '#supervisor/redis'
import { KeptPort } from '#supervisor/kept_port'
import { waitForExit } from '#supervisor/child_process'

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1' }, () => resolve(server))
  })
}

test.group('The port of a server of our own', (group) => {
  let folder: string

  group.each.setup(() => {
    folder = mkdtempSync(join(tmpdir(), 'picfast-port-'))
    return () => rmSync(folder, { recursive: true, force: true })
  })

  test('is the same at the next start of the site', async ({ assert }) => {
    const port = await new KeptPort(join(folder, 'port')).take()
    assert.equal(await new KeptPort(join(folder, 'port')).take(), port)
  })

  test('is another one when the site starts and a program has it', async ({ assert }) => {
    const port = await new KeptPort(join(folder, 'port')).take()
    const program = await occupy(port)
    const kept = new KeptPort(join(folder, 'port'))
    const other = await kept.take()
    program.close()
    assert.notEqual(other, port)
    assert.equal(kept.noted, other)
  })

  test('does not change while the site runs: a server that dies waits for its port', async ({
    assert,
  }) => {
    const redis = new EmbeddedRedis({ folder })
    await redis.start()
    const url = redis.url()
    const child = redis.process
    child?.kill('SIGKILL')
    if (child) {
      await waitForExit(child, 5_000)
    }
    const program = await occupy(Number(new URL(url).port))
    const starting = redis.start()
    // Long enough for a start that takes any port to have done so.
    setTimeout(() => program.close(), 1_000)
    await starting
    assert.equal(redis.url(), url)
    await redis.stop()
  }).timeout(40_000)

  test('another program there that never says a word does not keep a start waiting for ever', async ({
    assert,
  }) => {
    const first = new EmbeddedRedis({ folder })
    await first.start()
    const port = Number(new URL(first.url()).port)
    await first.stop()
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen({ port, host: '127.0.0.1' }, resolve))
    const second = new EmbeddedRedis({ folder })
    await second.start()
    assert.notEqual(second.url(), first.url())
    await second.stop()
    silent.close()
  }).timeout(40_000)

  test('is named when a program keeps it', async ({ assert }) => {
    const kept = new KeptPort(join(folder, 'port'))
    const program = await occupy(await kept.take())
    await assert.rejects(() => kept.take(), /Port \d+, on which the site expects/)
    program.close()
  }).timeout(20_000)
})
