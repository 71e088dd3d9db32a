import { test } from '@japa/runner'
import type pg from 'pg'
import { withClient, withPooledClient } from '#event_store/with_client'
import { createEmptyDatabase } from '#tests/helpers/database'
import { openPool } from '#tests/helpers/pool'

test.group('A connection that breaks while nothing is asked of it', (group) => {
  let url: string
  let pool: pg.Pool

  group.setup(async () => {
    const database = await createEmptyDatabase()
    url = database.url
    pool = openPool(url, 2)
    return async () => {
      await pool.end()
      await database.drop()
    }
  })

  /** What the work does between two statements, when PostgreSQL is restarted. */
  const breakIdle = async (client: pg.ClientBase) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const ended = new Promise<void>((resolve) => client.once('end', resolve))
    await withClient({ connectionString: url }, (other) =>
      other.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    )
    await ended
    await client.query('select 1')
  }

  test('fails the work with what broke it', async ({ assert }) => {
    await assert.rejects(
      () => withClient({ connectionString: url }, breakIdle),
      /terminating connection due to administrator command/
    )
  })

  test('does not go back to its pool', async ({ assert }) => {
    await assert.rejects(
      () => withPooledClient(pool, breakIdle),
      /terminating connection due to administrator command/
    )
    const { rows } = await pool.query('select 1 as one')
    assert.deepEqual(rows, [{ one: 1 }])
  })

  test('work that fails by itself says why', async ({ assert }) => {
    const refuse = () => Promise.reject(new Error('no such picture'))
    await assert.rejects(() => withClient({ connectionString: url }, refuse), 'no such picture')
    await assert.rejects(() => withPooledClient(pool, refuse), 'no such picture')
  })

  test('a pool lends the same connection again, without anybody listening on', async ({
    assert,
  }) => {
    const listeners: number[] = []
    for (let turn = 0; turn < 3; turn++) {
      await withPooledClient(pool, async (client) => {
        listeners.push(client.listenerCount('error'))
        await client.query('select 1')
      })
    }
    assert.deepEqual(new Set(listeners), new Set([1]))
  })
})
