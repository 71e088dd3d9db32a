import { randomUUID } from 'node:crypto'
import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import { startWebServer } from '#tests/helpers/web_server'
import { waitFor } from '#tests/helpers/wait_for'
import { purgeSweep } from '#workers/image_sweep'

test.group('Sweep of deleted images', (group) => {
  group.each.timeout(60_000)

  test('spares those of an account that came back, until they were brought back', async ({
    assert,
    cleanup,
  }) => {
    const server = await startWebServer()
    cleanup(() => server.stop())
    const admin = await server.setUp()
    await admin.put('/api/v1/admin/settings', { json: { deleted_image_retention: '0' } })
    const user = await server.addUser('user@example.org')
    const { data: image } = await user.upload(await plainPng())
    const { data: owner } = await user.get<{ id: number }>('/api/v1/users/me')
    await user.delete(`/api/v1/images/${image.key}`)
    const { eventStore, handlers, pool } = server.services
    const { position: head } = await eventStore.head()
    await waitFor(
      async () => {
        const { rowCount } = await pool.query(
          `select 1 from run.checkpoints
           where projection = 'deleted_accounts' and slot = 'live' and position >= $1`,
          [head]
        )
        return rowCount === 1
      },
      { what: 'the read model' }
    )
    const sweep = purgeSweep({ pool, handlers }, () => {})
    const isPurged = async () => {
      await sweep.sweep()
      const events = await eventStore.readStream(`image-${image.id}`, { types: ['image.purged'] })
      return events.length > 0
    }

    assert.isFalse(await isPurged(), 'what is owed is not known yet')
    await pool.query('update run.relay_checkpoint set position = $1', [head])
    await pool.query(
      `insert into run.job_ledger (reaction_key, queue, event_id, event_position, payload, run_at)
       values ('accounts-x', 'accounts', $1, $2, $3, now())`,
      [randomUUID(), head, { account_id: owner.id }]
    )
    for (const state of ['owed', 'dispatched', 'dead']) {
      await pool.query('update run.job_ledger set state = $1', [state])
      assert.isFalse(await isPurged(), `its work is ${state}`)
    }
    await pool.query(`update run.job_ledger set state = 'done', settled_at = now()`)
    assert.isTrue(await isPurged())
  })
})
