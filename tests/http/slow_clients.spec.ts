import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from '@japa/runner'
import { ConnectionBound } from '#http/connection_bound'
import { DrainingServer } from '#http/node_server'
import { beginUpload } from '#tests/helpers/slow_upload'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer } from '#tests/helpers/web_server'

const NO_BOUND = { most: Number.POSITIVE_INFINITY, isShared: () => true }
/** More than the network's buffers between two sockets hold. */
const LARGE = Buffer.alloc(64 * 1024 * 1024)

test.group('Slow clients', (group) => {
  group.each.timeout(30_000)

  /** A server that gives clients a second, and a connection to it. */
  const open = async (
    listener: RequestListener,
    cleanup: (callback: () => void) => void,
    configure: (server: DrainingServer) => void = () => {}
  ): Promise<Socket> => {
    const server = new DrainingServer(listener, {
      slowSeconds: 1,
      drainSeconds: 0.2,
      connections: NO_BOUND,
    })
    configure(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    cleanup(() => {
      socket.destroy()
      server.close()
      server.closeAllConnections()
    })
    await once(socket, 'connect')
    return socket
  }

  test('one that takes next to nothing of its answer is cut off', async ({ assert, cleanup }) => {
    const { promise: closed, resolve } = Promise.withResolvers<boolean>()
    const socket = await open((_request, response) => {
      response.once('close', () => resolve(response.writableFinished))
      response.end(LARGE)
    }, cleanup)
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    const sipping = setInterval(() => socket.read(1), 50)
    cleanup(() => clearInterval(sipping))
    assert.isFalse(await closed)
  })

  test('one that sends next to nothing of its request is cut off', async ({ assert, cleanup }) => {
    const { promise: closed, resolve } = Promise.withResolvers<boolean>()
    const socket = await open((request) => {
      request.on('error', () => {})
      request.once('close', () => resolve(request.complete)).resume()
    }, cleanup)
    socket.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n')
    const dripping = setInterval(() => socket.write('a'), 50)
    cleanup(() => clearInterval(dripping))
    assert.isFalse(await closed)
  })

  test('one that is not done when a server has drained for long enough is cut off', async ({
    assert,
    cleanup,
  }) => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const socket = await open(
      () => begin(),
      cleanup,
      (server) => void begun.then(() => server.close(() => end()))
    )
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    await begun
    await once(socket, 'close')
    await ended
    assert.equal(socket.bytesRead, 0)
  }).timeout(5_000)

  test('one whose request has no end to its head is told so and cut off', async ({
    assert,
    cleanup,
  }) => {
    const socket = await open(
      (_request, response) => response.end('done'),
      cleanup,
      (server) => (server.headersTimeout = 300)
    )
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n')
    const dripping = setInterval(() => socket.write('X-More: a\r\n'), 50)
    cleanup(() => clearInterval(dripping))
    await once(socket, 'close')
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/)
  })

  test('one that takes longer over a request than any may is told so and cut off', async ({
    assert,
    cleanup,
  }) => {
    const socket = await open(
      (request) => request.on('error', () => {}).resume(),
      cleanup,
      (server) => Object.assign(server, { headersTimeout: 300, requestTimeout: 600 })
    )
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n\r\n')
    const sending = setInterval(() => socket.write(Buffer.alloc(8 * 1024)), 50)
    cleanup(() => clearInterval(sending))
    await once(socket, 'close')
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/)
  })

  test('one that keeps going is not, however long it takes', async ({ assert, cleanup }) => {
    const socket = await open((request, response) => {
      request.resume().once('end', () => response.end('done'))
    }, cleanup)
    const piece = Buffer.alloc(8 * 1024)
    socket.write(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${piece.length * 30}\r\n\r\n`)
    const answered = once(socket, 'data')
    for (let sent = 0; sent < 30; sent++) {
      socket.write(piece)
      await pause(100)
    }
    const [answer]: Buffer[] = await answered
    assert.match(answer?.toString() ?? '', /^HTTP\/1\.1 200/)
  })

  test('the time that the server takes is not the client’s', async ({ assert, cleanup }) => {
    const socket = await open((request, response) => {
      setTimeout(() => request.resume().once('end', () => response.end('done')), 2_500)
    }, cleanup)
    socket.write('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 200000\r\n\r\n')
    socket.write(Buffer.alloc(200_000))
    const [answer]: Buffer[] = await once(socket, 'data')
    assert.match(answer?.toString() ?? '', /^HTTP\/1\.1 200/)
  })

  test('an upload that is cut off leaves nothing', async ({ assert, cleanup }) => {
    const server = await startWebServer({ SLOW_CLIENT_SECONDS: '1' })
    cleanup(() => server.stop())
    const user = await server.setUp()
    const upload = await beginUpload(`${server.api.url}/api/v1/images`, Buffer.alloc(20_000_000), {
      authorization: `Bearer ${user.token}`,
    })
    const temporary = join(server.dataDir, 'objects', '.temporary')
    const left = () => readdir(temporary).catch(() => [])
    await waitFor(async () => (await left()).length > 0, { what: 'the temporary file' })
    await waitFor(async () => (await left()).length === 0, { what: 'the end of the upload' })
    await assert.rejects(() => upload.finish())
  })
})

test.group('Connections of an address', () => {
  const socketFrom = (remoteAddress: string) => {
    const ends: (() => void)[] = []
    const socket = {
      remoteAddress,
      isOpen: true,
      once: (_event: string, listener: () => void) => ends.push(listener),
      destroy: () => (socket.isOpen = false),
      close: () => ends.forEach((end) => end()),
    }
    return socket
  }
  const admitTo = (bound: ConnectionBound, address: string) => {
    const socket = socketFrom(address)
    bound.admit(socket as never)
    return socket
  }

  test('are bounded, and free for others once they close', ({ assert }) => {
    const bound = new ConnectionBound({ most: 2, isShared: (address) => address === '10.0.0.1' })
    const [first, second, third] = ['1.2.3.4', '::ffff:1.2.3.4', '1.2.3.4'].map((address) =>
      admitTo(bound, address)
    )
    assert.deepEqual([first?.isOpen, second?.isOpen, third?.isOpen], [true, true, false])
    assert.isTrue(admitTo(bound, '1.2.3.5').isOpen)
    first?.close()
    assert.isTrue(admitTo(bound, '1.2.3.4').isOpen)
    assert.isFalse(admitTo(bound, '1.2.3.4').isOpen)
  })

  test('a proxy’s are not, and those of an IPv6 network count together', ({ assert }) => {
    const bound = new ConnectionBound({ most: 1, isShared: (address) => address === '10.0.0.1' })
    assert.isTrue(admitTo(bound, '10.0.0.1').isOpen)
    assert.isTrue(admitTo(bound, '10.0.0.1').isOpen)
    assert.isTrue(admitTo(bound, '2001:4860:0:1::1').isOpen)
    assert.isFalse(admitTo(bound, '2001:4860:0:1::2').isOpen)
    assert.isTrue(admitTo(bound, '2001:4860:0:2::1').isOpen)
  })
})
