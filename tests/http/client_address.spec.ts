import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import { addressBlock, parseTrustedProxies } from '#http/client_address'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

test.group('Trusted proxies', () => {
  const trusts = (list: string, address: string) => parseTrustedProxies(list)(address)

  test('"{list}" has {address}: {expected}')
    .with([
      { list: '', address: '127.0.0.1', expected: false },
      { list: 'loopback', address: '127.0.0.1', expected: true },
      { list: 'loopback', address: '::1', expected: true },
      { list: 'loopback', address: '::ffff:127.0.0.1', expected: true },
      { list: 'loopback', address: '128.0.0.1', expected: false },
      { list: 'linklocal', address: 'fe80::1%eth0', expected: true },
      { list: 'uniquelocal', address: '172.31.255.255', expected: true },
      { list: 'uniquelocal', address: '172.32.0.0', expected: false },
      { list: ' 10.1.0.0/16 , 192.0.2.7', address: '10.1.255.1', expected: true },
      { list: '10.1.0.0/16,192.0.2.7', address: '192.0.2.7', expected: true },
      { list: '10.1.0.0/16,192.0.2.7', address: '192.0.2.8', expected: false },
      { list: '2001:db8::/32', address: '2001:db8:ffff::1', expected: true },
      { list: '0.0.0.0/0', address: 'not an address', expected: false },
    ])
    .run(({ assert }, { list, address, expected }) => {
      assert.equal(trusts(list, address), expected)
    })

  test('"{$self}" is no list of proxies')
    .with([
      '10.0.0.0/33',
      'all',
      '*',
      '10.0.0',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      '::/129',
      '10.0.0.0/',
    ])
    .run(({ assert }, list) => {
      assert.throws(() => parseTrustedProxies(list), /is not an address, a range/)
    })
})

test.group('Addresses counted together', () => {
  test('{address} is of {block}')
    .with([
      { address: '198.51.100.7', block: '198.51.100.7' },
      { address: '::ffff:198.51.100.7', block: '198.51.100.7' },
      { address: '2001:db8:1:2:3:4:5:6', block: '2001:db8:1:2::/64' },
      { address: '2001:DB8:1:2::6', block: '2001:db8:1:2::/64' },
      { address: '2001:db8::1', block: '2001:db8:0:0::/64' },
      { address: '::1', block: '0:0:0:0::/64' },
      { address: 'fe80::1%eth0', block: 'fe80:0:0:0::/64' },
      { address: '64:ff9b::192.0.2.1', block: '64:ff9b:0:0::/64' },
    ])
    .run(({ assert }, { address, block }) => {
      assert.equal(addressBlock(address), block)
    })
})

test.group('The address of a client', (group) => {
  group.each.timeout(60_000)

  const withServer = async (
    environment: Record<string, string>,
    work: (server: TestWebServer) => Promise<void>
  ) => {
    const server = await startWebServer(environment)
    try {
      await work(server)
    } finally {
      await server.stop()
    }
  }

  /** The address that an event has of a request with these headers. */
  const recordedAddress = async (server: TestWebServer, headers: Record<string, string>) => {
    const json = { email: 'ada@example.org', password: 'correct horse' }
    await server.api.post('/api/v1/auth/login', { json, headers })
    const events = await server.services.eventStore.readAll({
      after: 0,
      limit: 1_000,
      types: ['account.signed_in'],
    })
    return events.at(-1)?.metadata.ip
  }

  test('is that of the socket when nobody is trusted, whatever the headers say', async ({
    assert,
  }) => {
    await withServer({ RATE_LIMITS: 'on' }, async (server) => {
      const admin = await server.setUp()
      const forged = (number: number) => ({
        'x-forwarded-for': `198.51.100.${number}`,
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        'x-real-ip': `198.51.100.${number}`,
        'forwarded': `for=198.51.100.${number};host=evil.example;proto=https`,
        'true-client-ip': `198.51.100.${number}`,
      })
      assert.equal(await recordedAddress(server, forged(1)), '127.0.0.1')

      const image = await admin.upload(await plainPng(), 'a.png', {}, forged(2))
      assert.isTrue(image.data.links.url.startsWith(`${server.api.url}/i/`))

      const statuses: number[] = []
      for (let number = 3; number < 9; number++) {
        const json = { email: `x${number}@example.org`, password: 'a wrong password' }
        const answer = await server.api.post('/api/v1/auth/login', {
          json,
          headers: forged(number),
        })
        statuses.push(answer.status)
      }
      assert.deepEqual(statuses, [401, 401, 401, 401, 429, 429])
    })
  })

  test('is what the trusted proxy says, and not what the client told the proxy', async ({
    assert,
  }) => {
    await withServer({ TRUSTED_PROXIES: 'loopback, 10.0.0.0/8' }, async (server) => {
      await server.setUp()
      const address = (forwarded: string) =>
        recordedAddress(server, { 'x-forwarded-for': forwarded })

      assert.equal(await address('198.51.100.7'), '198.51.100.7')
      assert.equal(await address('203.0.113.1, 198.51.100.7'), '198.51.100.7')
      assert.equal(await address('203.0.113.1, 198.51.100.7, 10.2.3.4'), '198.51.100.7')
      assert.equal(await address('::ffff:198.51.100.8'), '198.51.100.8')
      assert.equal(await address('unknown'), '127.0.0.1')
      assert.equal(await recordedAddress(server, {}), '127.0.0.1')
    })
  })
})
