import { test } from '@japa/runner'
import { ACCESS_TOKEN_SECONDS, AccessTokens } from '#auth/access_tokens'

const CLAIMS = {
  accountId: 12,
  sessionId: '0193d8a5-5a2e-7c35-9f0a-3f4a4ad1c0de',
  role: 'user',
}
const ISSUED_AT = new Date('2026-11-24T12:00:00Z')
const later = (seconds: number) => new Date(ISSUED_AT.getTime() + seconds * 1_000)

test.group('Access tokens', () => {
  test('one that was verified before ends when its time has come', async ({ assert }) => {
    const tokens = new AccessTokens('a site key for tests only, 32 characters')
    const token = await tokens.issue(CLAIMS, ISSUED_AT)
    const { accountId, sessionId } = CLAIMS
    const expiresAt = later(ACCESS_TOKEN_SECONDS).getTime()
    for (const seconds of [1, 2, ACCESS_TOKEN_SECONDS - 1]) {
      const claims = await tokens.verify(token, later(seconds))
      assert.deepEqual(claims, { accountId, sessionId, expiresAt })
    }
    assert.isNull(await tokens.verify(token, later(ACCESS_TOKEN_SECONDS)))
    assert.isNull(await tokens.verify(token, later(ACCESS_TOKEN_SECONDS + 60)))
  })

  test('one that differs from a verified one in any letter is refused', async ({ assert }) => {
    const tokens = new AccessTokens('a site key for tests only, 32 characters')
    const token = await tokens.issue(CLAIMS, ISSUED_AT)
    assert.isNotNull(await tokens.verify(token, later(1)))
    const [head = '', body = '', signature = ''] = token.split('.')
    const forged = Buffer.from(body, 'base64url').toString().replace('"sub":"12"', '"sub":"13"')
    for (const bad of [
      `${head}.${Buffer.from(forged).toString('base64url')}.${signature}`,
      `${head}.${body}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
      `${head}.${body}.`,
    ]) {
      assert.isNull(await tokens.verify(bad, later(1)))
      assert.isNull(await tokens.verify(bad, later(1)))
    }
  })

  test('one of another site is refused', async ({ assert }) => {
    const token = await new AccessTokens('another site key for tests, 32 char.').issue(
      CLAIMS,
      ISSUED_AT
    )
    const tokens = new AccessTokens('a site key for tests only, 32 characters')
    assert.isNull(await tokens.verify(token, later(1)))
  })
})
