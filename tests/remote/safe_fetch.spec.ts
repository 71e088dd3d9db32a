import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test } from '@japa/runner'
import { RemoteError, type RemoteErrorCode } from '#remote/errors'
import { reachableAddresses } from '#remote/reachable_addresses'
import { SafeFetch, type ResolveName } from '#remote/safe_fetch'

const BYTES = Buffer.alloc(100_000, 'picfast')

/** Names that resolve to two loopback addresses: one that is taken for public here, and one that is not. */
const NAMES: Record<string, string[]> = {
  'public.test': ['127.0.0.2'],
  'private.test': ['127.0.0.1'],
  'both.test': ['127.0.0.2', '127.0.0.1'],
  'empty.test': [],
}

const resolveName: ResolveName = async (name) => {
  const addresses = NAMES[name]
  if (addresses === undefined) {
    throw new Error(`getaddrinfo ENOTFOUND ${name}`)
  }
  return addresses.map((address) => ({ address, family: 4 }))
}

const isReachable = reachableAddresses(['127.0.0.2/32'])

test.group('Safe fetch', (group) => {
  group.each.timeout(10_000)
  const seen: string[] = []
  let port: number

  const answer: RequestListener = (request, response) => {
    seen.push(`${request.headers.host} ${request.url}`)
    const [, kind = '', rest = ''] = /^\/(\w+)\/?(.*)$/.exec(request.url ?? '') ?? []
    switch (kind) {
      case 'redirect':
        return response.writeHead(302, { location: decodeURIComponent(rest) }).end()
      case 'status':
        return response.writeHead(Number(rest)).end('no')
      case 'silent':
        return
      case 'stalled':
        return response.writeHead(200).write('a')
      case 'chunked':
        response.write(BYTES)
        return response.end()
      default:
        return response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES)
    }
  }

  group.setup(async () => {
    // On both addresses, so that one that may not be reached could be.
    const server = createServer(answer).listen(0, '0.0.0.0')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    return () => {
      server.closeAllConnections()
      server.close()
    }
  })
  group.each.setup(() => {
    seen.length = 0
  })

  const fetcher = (patienceMilliseconds = 5_000) =>
    new SafeFetch({ isReachable, resolveName, patienceMilliseconds })
  const url = (host: string, path: string) => `http://${host}:${port}${path}`
  const failure = async (work: () => Promise<unknown>): Promise<RemoteErrorCode | null> => {
    try {
      await work()
      return null
    } catch (error) {
      if (error instanceof RemoteError) {
        return error.code
      }
      throw error
    }
  }

  test('a file is fetched, by name and by address', async ({ assert }) => {
    const byName = await fetcher().open(url('public.test', '/a.png'), BYTES.length)
    assert.isTrue(BYTES.equals(await buffer(byName.body)))
    const byAddress = await fetcher().open(url('127.0.0.2', '/a.png'), BYTES.length)
    assert.isTrue(BYTES.equals(await buffer(byAddress.body)))
    assert.deepEqual(seen, [`public.test:${port} /a.png`, `127.0.0.2:${port} /a.png`])
  })

  test('redirects are followed, relative ones too', async ({ assert }) => {
    const target = encodeURIComponent(url('public.test', '/redirect/%2Fb.png'))
    const { body, url: found } = await fetcher().open(
      url('public.test', `/redirect/${target}`),
      BYTES.length
    )
    assert.isTrue(BYTES.equals(await buffer(body)))
    assert.equal(found.pathname, '/b.png')
  })

  test('{$self} is not asked')
    .with([
      'private.test',
      'both.test',
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0.0.0.0',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '169.254.169.254',
    ])
    .run(async ({ assert }, host) => {
      const code = await failure(() => fetcher().open(url(host, '/a.png'), BYTES.length))

      assert.equal(code, 'E_URL_FORBIDDEN')
      assert.deepEqual(seen, [])
    })

  test('a redirect to {$self} is not followed')
    .with(['private.test', '127.0.0.1', '[::1]'])
    .run(async ({ assert }, host) => {
      const target = encodeURIComponent(url(host, '/secret'))
      const code = await failure(() =>
        fetcher().open(url('public.test', `/redirect/${target}`), BYTES.length)
      )

      assert.equal(code, 'E_URL_FORBIDDEN')
      assert.lengthOf(seen, 1)
    })

  test('a name is resolved once: what it resolves to later changes nothing', async ({ assert }) => {
    let asked = 0
    const rebinding = new SafeFetch({
      isReachable,
      resolveName: async () => [{ address: asked++ === 0 ? '127.0.0.2' : '127.0.0.1', family: 4 }],
    })
    const { body } = await rebinding.open(url('public.test', '/a.png'), BYTES.length)

    assert.isTrue(BYTES.equals(await buffer(body)))
    assert.equal(asked, 1)
  })

  test('{name}')
    .with([
      { name: 'a local file', address: 'file:///etc/passwd', code: 'E_URL_INVALID' },
      { name: 'another protocol', address: 'ftp://public.test/a.png', code: 'E_URL_INVALID' },
      { name: 'no address', address: 'a.png', code: 'E_URL_INVALID' },
      { name: 'a password', address: 'http://a:b@public.test/', code: 'E_URL_INVALID' },
      {
        name: 'too long',
        address: `http://public.test/${'a'.repeat(3_000)}`,
        code: 'E_URL_INVALID',
      },
      { name: 'an unknown name', address: 'http://nowhere.test/', code: 'E_REMOTE_UNREACHABLE' },
      { name: 'no addresses', address: 'http://empty.test/', code: 'E_REMOTE_UNREACHABLE' },
      { name: 'nobody there', address: 'http://public.test:1025/', code: 'E_REMOTE_UNREACHABLE' },
      {
        name: 'a port of another protocol',
        address: 'http://public.test:25/',
        code: 'E_URL_FORBIDDEN',
      },
      { name: 'a database’s port', address: 'http://public.test:6379/', code: 'E_URL_FORBIDDEN' },
    ])
    .run(async ({ assert }, { address, code }) => {
      assert.equal(await failure(() => fetcher().open(address, BYTES.length)), code)
    })

  test('{path} is refused')
    .with([
      { path: '/status/404', code: 'E_REMOTE_REFUSED' },
      { path: '/status/204', code: 'E_REMOTE_REFUSED' },
      { path: '/redirect/file%3A%2F%2F%2Fetc%2Fpasswd', code: 'E_URL_INVALID' },
      { path: '/large', code: 'E_REMOTE_TOO_LARGE' },
    ])
    .run(async ({ assert }, { path, code }) => {
      const open = () => fetcher().open(url('public.test', path), BYTES.length - 1)
      assert.equal(await failure(open), code)
    })

  test('redirects without an end are given up', async ({ assert }) => {
    let address = url('public.test', '/a.png')
    for (let times = 0; times < 6; times++) {
      address = url('public.test', `/redirect/${encodeURIComponent(address)}`)
    }
    assert.equal(await failure(() => fetcher().open(address, BYTES.length)), 'E_REMOTE_REFUSED')
  })

  test('a body that does not say how large it is is cut off', async ({ assert }) => {
    const { body } = await fetcher().open(url('public.test', '/chunked'), BYTES.length - 1)
    assert.equal(await failure(() => buffer(body)), 'E_REMOTE_TOO_LARGE')
  })

  test('a server that says nothing, and one that stops in the middle, are given up', async ({
    assert,
  }) => {
    const silent = () => fetcher(200).open(url('public.test', '/silent'), BYTES.length)
    assert.equal(await failure(silent), 'E_REMOTE_TOO_SLOW')
    const { body } = await fetcher(200).open(url('public.test', '/stalled'), BYTES.length)
    assert.equal(await failure(() => buffer(body)), 'E_REMOTE_TOO_SLOW')
  })
})
