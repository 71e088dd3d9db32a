import { connect } from 'node:net'
import { test } from '@japa/runner'
import { withClient } from '#event_store/with_client'
import { describeUnreachable } from '#supervisor/unreachable'
import { runCommand } from '#tests/helpers/ace'
import { createTestDatabase } from '#tests/helpers/database'
import { waitFor } from '#tests/helpers/wait_for'

/** Nothing listens on it: only the system's own services may have so low a port. */
const CLOSED_PORT = 1

/** What Node says of a server that nobody runs. */
const failureAt = (host: string) =>
  new Promise<Error>((resolve) => {
    connect(CLOSED_PORT, host).once('error', resolve)
  })

test.group('A server that cannot be reached', () => {
  test('{args.0} says so in a sentence')
    .with([
      { args: ['projections:status'] },
      { args: ['projections:rebuild', 'images'] },
      { args: ['events:tail'] },
      { args: ['audit:verify'] },
      { args: ['maintenance:doctor'] },
      { args: ['prepare'] },
    ])
    .run(async ({ assert }, { args }) => {
      const url = `postgres://nobody@127.0.0.1:${CLOSED_PORT}/none`
      const { code, stdout, stderr } = await runCommand(url, args)
      assert.equal(code, 1)
      const said = `${stdout}${stderr}`
      assert.include(
        said,
        `PostgreSQL cannot be reached at 127.0.0.1:${CLOSED_PORT} (ECONNREFUSED), where DATABASE_URL points`
      )
      assert.lengthOf(said.trim().split('\n'), 1, said)
    })

  test('is told apart by its address', async ({ assert }) => {
    const failure = await failureAt('127.0.0.1')
    const at = (url: string) => url.replace('PORT', String(CLOSED_PORT))
    assert.match(
      describeUnreachable(failure, { REDIS_URL: at('redis://127.0.0.1:PORT/0') }) ?? '',
      /^Redis cannot be reached at 127\.0\.0\.1:1 /
    )
    assert.equal(
      describeUnreachable(failure, { REDIS_URL: 'redis://127.0.0.1' }),
      'Nothing answers at 127.0.0.1:1 (ECONNREFUSED)'
    )
  })

  test('is found behind what it caused, and behind a name with several addresses', async ({
    assert,
  }) => {
    const failure = await failureAt('127.0.0.1')
    const several = new AggregateError([failure, failure], 'All have failed')
    const caused = new Error('The log cannot be read', { cause: several })
    assert.match(describeUnreachable(caused, {}) ?? '', /^Nothing answers at 127\.0\.0\.1:1 /)
  })

  test('and PostgreSQL that goes away in the middle are told in a sentence', async ({
    assert,
    cleanup,
  }) => {
    const database = await createTestDatabase()
    cleanup(() => database.drop())
    await withClient({ connectionString: database.url }, async (holder) => {
      await holder.query('begin; lock table log.events')
      const running = runCommand(database.url, ['audit:verify'])
      const cut = async () => {
        const { rowCount } = await withClient({ connectionString: database.url }, (client) =>
          client.query(
            `select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and query like 'lock table log.events in%'`
          )
        )
        return rowCount === 1
      }
      await waitFor(cut, { what: 'the command to wait for the log', timeoutMs: 40_000 })
      const { code, stdout, stderr } = await running
      assert.equal(code, 1)
      assert.equal(
        `${stdout}${stderr}`.trim(),
        '[ error ] PostgreSQL went away in the middle: run the command again when it is back'
      )
    })
  }).timeout(60_000)

  test('is told of a connection that breaks in the middle of a write', ({ assert }) => {
    const broken = Object.assign(new Error('write EPIPE'), { syscall: 'write', code: 'EPIPE' })
    const sentence = 'A server went away in the middle: run the command again when it is back'
    assert.equal(describeUnreachable(broken, {}), sentence)
  })

  test('is left to whoever knows what a broken connection led to', ({ assert }) => {
    const broken = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    const storage = new Error('The bucket does not answer', { cause: broken })
    assert.isNull(describeUnreachable(storage, {}))
  })

  test('is not what other errors are about', ({ assert }) => {
    const missing = Object.assign(new Error('no such file'), { syscall: 'open', code: 'ENOENT' })
    assert.isNull(describeUnreachable(missing, {}))
    assert.isNull(describeUnreachable(new Error('anything'), {}))
    assert.isNull(describeUnreachable('a text', {}))
  })
})
