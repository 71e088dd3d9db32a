import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from '@japa/runner'
import { S3ObjectStore } from '#storage/s3_object_store'
import { TemporaryFiles } from '#storage/temporary_files'

const TOKEN = 'a+token/of three='

/** A bucket of three objects, two a page; tells which pages it was asked for. */
async function startBucket() {
  const asked: (string | null)[] = []
  const entry = (key: string) =>
    `<Contents><Key>${key}</Key><Size>7</Size><LastModified>2026-11-24T18:00:00.000Z</LastModified></Contents>`
  const server = createServer((request, response) => {
    const token = new URL(request.url ?? '', 'http://bucket').searchParams.get('continuation-token')
    asked.push(token)
    const content =
      token === TOKEN
        ? `${entry('c.png')}<IsTruncated>false</IsTruncated>`
        : `${entry('a.png')}${entry('b.png')}<IsTruncated>true</IsTruncated>
           <NextContinuationToken>${TOKEN}</NextContinuationToken>`
    response.end(`<ListBucketResult>${content}</ListBucketResult>`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const store = new S3ObjectStore({
    spool: new TemporaryFiles('/nowhere'),
    endpoint: () =>
      Promise.resolve({
        bucketUrl: `http://127.0.0.1:${port}/bucket`,
        region: 'us-east-1',
        accessKey: 'key',
        secretKey: 'secret',
      }),
  })
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  return { store, asked, stop }
}

test.group('Storage | S3 listing', () => {
  test('goes from page to page, and has each object once', async ({ assert, cleanup }) => {
    const { store, asked, stop } = await startBucket()
    cleanup(stop)
    const listed = await Array.fromAsync(store.list())
    assert.deepEqual(
      listed.map(({ key, size }) => [key, size]),
      [
        ['a.png', 7],
        ['b.png', 7],
        ['c.png', 7],
      ]
    )
    assert.deepEqual(asked, [null, TOKEN])
  })

  test('asks for no page that nobody wants', async ({ assert, cleanup }) => {
    const { store, asked, stop } = await startBucket()
    cleanup(stop)
    for await (const { key } of store.list()) {
      if (key === 'b.png') {
        break
      }
    }
    assert.deepEqual(asked, [null])
  })
})
