import { test } from '@japa/runner'
import type pg from 'pg'
import { MailedTokens, MailInHandError, type MailRequest } from '#auth/mailed_tokens'
import { createTestDatabase } from '#tests/helpers/database'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'
import { openPool } from '#tests/helpers/pool'

const EMAIL = 'ada@example.org'
const PURPOSE = 'reset_password'

const request = (eventPosition: number): MailRequest => ({
  accountId: 1,
  purpose: PURPOSE,
  eventPosition,
})

test.group('Mailed tokens', (group) => {
  group.each.timeout(30_000)
  let pool: pg.Pool
  let tokens: MailedTokens

  group.each.setup(async () => {
    const database = await createTestDatabase()
    pool = openPool(database.url, 4)
    tokens = new MailedTokens(pool, TEST_SITE_KEY)
    return async () => {
      await pool.end()
      await database.drop()
    }
  })

  /** Delivers a mail; answers the secret in it, `null` when none was sent. */
  const deliver = async (position: number): Promise<string | null> => {
    const sent: string[] = []
    await tokens.deliver(request(position), EMAIL, async (secret) => {
      sent.push(secret)
    })
    return sent[0] ?? null
  }

  test('a mail that is out is not sent again', async ({ assert }) => {
    const secret = await deliver(7)

    assert.isNull(await deliver(7))
    assert.equal((await tokens.take(PURPOSE, secret ?? ''))?.accountId, 1)
    assert.isNull(await deliver(7), 'nor when its link was used')
  })

  test('a mail is sent by one run at a time', async ({ assert }) => {
    let second: unknown = null
    await tokens.deliver(request(7), EMAIL, async () => {
      second = await deliver(7).catch((error: unknown) => error)
    })

    assert.instanceOf(second, MailInHandError)
    assert.isNull(await deliver(7))
  })

  test('what failed is tried again with another secret', async ({ assert }) => {
    const secrets: string[] = []
    const away = new Error('away')
    const failing = tokens.deliver(request(7), EMAIL, async (secret) => {
      secrets.push(secret)
      throw away
    })
    await assert.rejects(() => failing, 'away')
    const sent = await deliver(7)

    assert.isNull(await tokens.take(PURPOSE, secrets[0] ?? ''))
    assert.isNotNull(await tokens.take(PURPOSE, sent ?? ''))
  })

  test('a run that died does not hold a mail up for good', async ({ assert }) => {
    let sent: string | null = null
    await tokens.deliver(request(7), EMAIL, async () => {
      await pool.query(`update secrets.mailed_tokens set in_hand_until = now() - interval '1 s'`)
      sent = await deliver(7)
    })

    assert.isNotNull(sent)
  })

  test('a later request takes the place of an earlier one, never the other way', async ({
    assert,
  }) => {
    const first = await deliver(7)
    const second = await deliver(9)

    assert.isNull(await deliver(7))
    assert.isNull(await deliver(8))
    assert.isNull(await tokens.take(PURPOSE, first ?? ''))
    assert.isNotNull(await tokens.take(PURPOSE, second ?? ''))
  })

  test('a secret is taken once, and again when it was given back', async ({ assert }) => {
    const secret = (await deliver(7)) ?? ''
    const taken = (
      await Promise.all(Array.from({ length: 8 }, () => tokens.take(PURPOSE, secret)))
    ).filter((one) => one !== null)
    const [token] = taken

    assert.lengthOf(taken, 1)
    assert.isTrue(token !== undefined && tokens.wasSentTo(token, 'Ada@Example.ORG'))
    assert.isFalse(token !== undefined && tokens.wasSentTo(token, 'eve@example.org'))
    if (token !== undefined) {
      await tokens.giveBack(token)
    }
    assert.isNotNull(await tokens.take(PURPOSE, secret))
    assert.isNull(await tokens.take('verify_email', secret))
  })
})
