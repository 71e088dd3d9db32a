import { test } from '@japa/runner'
import { ObjectStores, type StrategySettings } from '#storage/object_registry'
import { FaultyProxy } from '#tests/helpers/faulty_proxy'
import {
  S3_BUCKET,
  S3_CREDENTIALS,
  startS3Server,
  type TestStorageServer,
} from '#tests/helpers/s3_server'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { startWebdavServer, WEBDAV_CREDENTIALS } from '#tests/helpers/webdav_server'
import {
  objectStoreContract,
  remoteStoreContract,
  type RemoteUnderTest,
} from './object_store_contract.ts'

type Configuration = Pick<StrategySettings, 'type' | 'configs'> & {
  secrets: Record<string, string>
}

/** A kind of strategy on a server behind a proxy, opened as the site opens it. */
async function openRemote(
  startServer: () => Promise<TestStorageServer>,
  { atomicPuts }: { atomicPuts: boolean },
  configure: (url: string, secret: { right: boolean }) => Configuration
): Promise<RemoteUnderTest> {
  const folder = new TemporaryFolder()
  const server = await startServer()
  const proxy = new FaultyProxy(server.url, { atomicPuts })
  await proxy.start()
  const openStore = (right: boolean) => {
    const { secrets, ...settings } = configure(proxy.url, { right })
    const stores = new ObjectStores({
      dataDir: folder.path,
      secrets: { read: () => Promise.resolve(secrets) },
    })
    return stores.get({ id: 1, updatedAt: '', ...settings })
  }
  return {
    store: openStore(true),
    refused: openStore(false),
    proxy,
    temporaryFolder: folder.at('spool'),
    async stop() {
      await proxy.stop()
      await server.stop()
      folder.remove()
    },
  }
}

objectStoreContract(
  'local',
  async () => {
    const folder = new TemporaryFolder()
    const stores = new ObjectStores({
      dataDir: folder.path,
      secrets: { read: () => Promise.resolve({}) },
    })
    return {
      store: stores.get({ id: 1, type: 'local', configs: { root: 'objects' }, updatedAt: '' }),
      temporaryFolder: folder.at('objects', '.temporary'),
      stop: () => Promise.resolve(folder.remove()),
    }
  },
  { largeFile: true }
)

const { accessKey, secretKey } = S3_CREDENTIALS
const secretOf = ({ right }: { right: boolean }) => (right ? secretKey : 'another secret')

remoteStoreContract(
  's3',
  () =>
    openRemote(startS3Server, { atomicPuts: true }, (endpoint, given) => ({
      type: 's3',
      configs: { endpoint, bucket: S3_BUCKET, access_key: accessKey },
      secrets: { secret_key: secretOf(given) },
    })),
  { largeFile: true }
)

remoteStoreContract(
  'oss',
  () =>
    openRemote(startS3Server, { atomicPuts: true }, (endpoint, given) => ({
      type: 'oss',
      configs: { endpoint, bucket: S3_BUCKET, access_key: accessKey },
      secrets: { secret_key: secretOf(given) },
    })),
  { largeFile: false }
)

remoteStoreContract(
  'cos',
  () =>
    openRemote(startS3Server, { atomicPuts: true }, (url, given) => ({
      type: 'cos',
      configs: { bucket_url: `${url}/${S3_BUCKET}`, secret_id: accessKey },
      secrets: { secret_key: secretOf(given) },
    })),
  { largeFile: false }
)

remoteStoreContract(
  'kodo',
  () =>
    openRemote(startS3Server, { atomicPuts: true }, (zone, given) => ({
      type: 'kodo',
      configs: { zone, bucket: S3_BUCKET, access_key: accessKey },
      secrets: { secret_key: secretOf(given) },
    })),
  { largeFile: false }
)

const openWebdav = () =>
  openRemote(startWebdavServer, { atomicPuts: false }, (endpoint, { right }) => ({
    type: 'webdav',
    configs: { endpoint, username: WEBDAV_CREDENTIALS.username },
    secrets: { password: right ? WEBDAV_CREDENTIALS.password : 'wrong' },
  }))

remoteStoreContract('webdav', openWebdav, { largeFile: true })

test.group('Object store | webdav alone', () => {
  test('a file is moved again to a place that others are changing', async ({ assert, cleanup }) => {
    const { store, proxy, stop } = await openWebdav()
    cleanup(stop)
    let left = 2
    proxy.fault = ({ method }) => (method === 'MOVE' && left-- > 0 ? 'missing' : 'none')
    const bytes = Buffer.from('a picture')
    await store.put('moved/1.jpg', bytes)
    assert.isTrue((await store.readAll('moved/1.jpg')).equals(bytes))
    assert.isBelow(left, 0)
  }).timeout(30_000)
})
