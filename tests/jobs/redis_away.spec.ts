import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import { test } from '@japa/runner'
import type { Redis } from 'ioredis'
import type { JobLedger } from '#jobs/ledger'
import { connectRedis, WAITING } from '#jobs/redis_connection'
import { WorkerRuntime } from '#jobs/worker_runtime'
import { EmbeddedRedis } from '#supervisor/redis'
import { JobStage } from '#tests/jobs/job_stage'
import { waitFor } from '#tests/helpers/wait_for'

/** What is printed while the work is done. */
async function printed(work: () => Promise<void>): Promise<string[]> {
  const lines: string[] = []
  const { mock: silenced } = mock.method(console, 'error', (line: unknown) => {
    lines.push(String(line))
  })
  try {
    await work()
  } finally {
    silenced.restore()
  }
  return lines
}

test.group('Workers while Redis is away', (group) => {
  let folder: string
  let server: EmbeddedRedis
  let stage: JobStage
  let ledger: JobLedger

  group.each.timeout(60_000)
  group.each.setup(async () => {
    folder = await mkdtemp(join(tmpdir(), 'picfast-redis-'))
    server = new EmbeddedRedis({ folder: join(folder, 'redis') })
    await server.start()
    stage = await JobStage.open()
    ledger = stage.ledger
    return async () => {
      await stage.close()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })

  const startWorkers = () => {
    const connections: Redis[] = []
    const workers = new WorkerRuntime({
      processors: [{ queue: 'audit', process: async () => {} }],
      ledger,
      isBusy: async () => false,
      redis: () => {
        const connection = connectRedis(server.url(), WAITING)
        connections.push(connection)
        return connection
      },
      warn: () => {},
    })
    workers.start()
    return { workers, connections }
  }

  const until = (connections: Redis[], isReady: boolean) =>
    waitFor(() => connections.every(({ status }) => (status === 'ready') === isReady), {
      what: `connections that are ${isReady ? '' : 'not '}ready`,
    })

  test('say nothing, and end at once when they are told to', async ({ assert }) => {
    const { workers, connections } = startWorkers()
    await until(connections, true)
    const startedAt = performance.now()
    const lines = await printed(async () => {
      await server.stop()
      await until(connections, false)
      await workers.stop()
    })

    assert.deepEqual(lines, [])
    assert.isBelow(performance.now() - startedAt, 10_000)
  })

  test('end also while one of their connections is not back yet', async () => {
    const connection = connectRedis(server.url(), WAITING)
    const nowhere = connectRedis('redis://127.0.0.1:1', WAITING)
    connection.duplicate = () => nowhere
    const workers = new WorkerRuntime({
      processors: [{ queue: 'audit', process: async () => {} }],
      ledger,
      isBusy: async () => false,
      redis: () => connection,
      warn: () => {},
    })
    workers.start()
    await until([connection], true)
    await workers.stop()
    await until([connection], false)
    nowhere.disconnect()
  })

  test('go on when it is back', async ({ assert }) => {
    const { workers, connections } = startWorkers()
    await until(connections, true)
    const lines = await printed(async () => {
      await server.stop()
      await until(connections, false)
      await server.start()
      await until(connections, true)
      await workers.stop()
    })

    assert.deepEqual(lines, [])
  })

  test('that it went is said once each time', async ({ assert, cleanup }) => {
    stage.reconcilerOf(server.url())
    const asking = connectRedis(server.url(), WAITING)
    cleanup(() => asking.disconnect())
    /** The reconciler sets its mark again. */
    const isSeen = async () => {
      await asking.del('picfast:holds-work')
      await waitFor(async () => (await asking.exists('picfast:holds-work')) === 1, {
        what: 'the reconciler to look',
      })
    }
    for (const times of [1, 2]) {
      await isSeen()
      await server.stop()
      await waitFor(() => stage.warnings.length === times, { what: 'a word of it' })
      await server.start()
    }
    await isSeen()
    assert.deepEqual(
      stage.warnings,
      Array.from({ length: 2 }, () => 'Redis is away: what is owed waits in the ledger')
    )
  })
})
