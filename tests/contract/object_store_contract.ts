import { createHash, randomBytes } from 'node:crypto'
import { open, readdir, rm, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { test } from '@japa/runner'
import { StorageError } from '#storage/errors'
import type { ObjectStore } from '#storage/object_store'
import type { Fault, FaultyProxy } from '#tests/helpers/faulty_proxy'
import { watchMemory } from '#tests/helpers/live_memory'
import { waitFor } from '#tests/helpers/wait_for'

/** A kind of store on a real place. */
export interface StoreUnderTest {
  store: ObjectStore
  /** The folder of temporary files. */
  temporaryFolder: string
  stop(): Promise<void>
}

/** What stores of other machines have on top. */
export interface RemoteUnderTest extends StoreUnderTest {
  proxy: FaultyProxy
  /** A store on the same place whose credentials are wrong. */
  refused: ObjectStore
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    if (error instanceof StorageError) {
      return error.code
    }
    throw error
  }
}

async function keysOf(store: ObjectStore, prefix?: string): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key).toSorted()
}

async function spooled(store: ObjectStore, bytes: Buffer): Promise<string> {
  const path = await store.temporaryPath()
  await writeFile(path, bytes)
  return path
}

async function storeFile(store: ObjectStore, key: string, bytes: Buffer): Promise<void> {
  const path = await spooled(store, bytes)
  try {
    await store.commitFile(path, key)
  } finally {
    await rm(path, { force: true })
  }
}

/** What every store must do, whatever it stands on. */
export function objectStoreContract(
  name: string,
  openStore: () => Promise<StoreUnderTest>,
  { largeFile }: { largeFile: boolean }
): void {
  test.group(`Object store | ${name}`, (group) => {
    group.each.timeout(120_000)
    let opened: StoreUnderTest
    let store: ObjectStore

    group.setup(async () => {
      opened = await openStore()
      store = opened.store
      return () => opened.stop()
    })

    test('what is staged is there under each key that it is given', async ({ assert }) => {
      const bytes = Buffer.from('staged bytes')
      const path = await spooled(store, bytes)
      for (const [index, content] of [bytes, path].entries()) {
        const staged = store.stage(content)
        assert.deepEqual(await keysOf(store, `staged-${index}/`), [])
        await staged.commit(`staged-${index}/first.txt`)
        await staged.commit(`staged-${index}/second.txt`)
        await staged.discard()
        const keys = await keysOf(store, `staged-${index}/`)
        assert.deepEqual(keys, [`staged-${index}/first.txt`, `staged-${index}/second.txt`])
        for (const key of keys) {
          assert.deepEqual(await store.readAll(key), bytes)
        }
      }
      await rm(path, { force: true })
    })

    test('what is put is there, whole and in part', async ({ assert }) => {
      const bytes = Buffer.from('0123456789')
      await store.put('a/b/c.png', bytes)
      assert.isTrue((await store.readAll('a/b/c.png')).equals(bytes))
      assert.isTrue((await buffer(await store.read('a/b/c.png'))).equals(bytes))
      const part = (start: number, end: number) =>
        store.read('a/b/c.png', { start, end }).then(buffer)
      assert.equal((await part(2, 4)).toString(), '234')
      assert.equal((await part(0, 0)).toString(), '0')
      assert.equal((await part(9, 9)).toString(), '9')
      const found = await store.stat('a/b/c.png')
      assert.containSubset(found, { key: 'a/b/c.png', size: 10 })
      assert.isBelow(Math.abs(Date.now() - Number(found?.lastModified)), 60_000)
    })

    test('a finished file is stored; the temporary one stays for its maker', async ({ assert }) => {
      const bytes = randomBytes(300_000)
      const path = await spooled(store, bytes)
      await store.commitFile(path, 'x/y.jpg')
      await store.commitFile(path, 'x/y.jpg')
      await rm(path)
      assert.isTrue((await store.readAll('x/y.jpg')).equals(bytes))
      assert.deepEqual(await readdir(opened.temporaryFolder), [])
      assert.deepEqual(await keysOf(store, 'x/'), ['x/y.jpg'])
    })

    test('keys may hold all characters that are allowed in them', async ({ assert }) => {
      const key = '2026/11/24/A_b-c=d+e@f.G.webp'
      await store.put(key, Buffer.from('odd'))
      assert.equal((await store.readAll(key)).toString(), 'odd')
      assert.deepEqual(await keysOf(store, '2026/'), [key])
      await store.delete(key)
      assert.isNull(await store.stat(key))
    })

    test('what is missing is said to be missing, and deleting it is no fault', async ({
      assert,
    }) => {
      assert.isNull(await store.stat('no/such.txt'))
      assert.equal(await codeOf(store.read('no/such.txt')), 'E_OBJECT_MISSING')
      assert.equal(await codeOf(store.readAll('no/such.txt')), 'E_OBJECT_MISSING')
      await store.put('gone/1.txt', Buffer.from('one'))
      await store.delete('gone/1.txt')
      await store.delete('gone/1.txt')
      assert.isNull(await store.stat('gone/1.txt'))
    })

    test('no key leads out', async ({ assert }) => {
      const keys = [
        '../x',
        'a/../../x',
        '/etc/passwd',
        'a//b',
        '',
        '.',
        'a/.hidden',
        'a\\b',
        'a\0b',
      ]
      for (const key of [...keys, 'x'.repeat(600)]) {
        assert.equal(await codeOf(store.put(key, Buffer.from('x'))), 'E_INVALID_OBJECT_KEY')
        assert.equal(await codeOf(store.commitFile('x', key)), 'E_INVALID_OBJECT_KEY')
        assert.equal(await codeOf(store.stat(key)), 'E_INVALID_OBJECT_KEY')
        assert.equal(await codeOf(store.read(key)), 'E_INVALID_OBJECT_KEY')
        assert.equal(await codeOf(store.readAll(key)), 'E_INVALID_OBJECT_KEY')
        assert.equal(await codeOf(store.delete(key)), 'E_INVALID_OBJECT_KEY')
      }
    })

    test('objects are listed by the beginning of their keys, unfinished ones not', async ({
      assert,
    }) => {
      await spooled(store, Buffer.from('unfinished'))
      for (const key of ['list/1.txt', 'list/deep/er/2.txt', 'list/3.txt', 'listed.txt']) {
        await store.put(key, Buffer.from('bytes'))
      }
      assert.deepEqual(await keysOf(store, 'list/'), [
        'list/1.txt',
        'list/3.txt',
        'list/deep/er/2.txt',
      ])
      assert.deepEqual(await keysOf(store, 'list/deep/er/2'), ['list/deep/er/2.txt'])
      assert.include(await keysOf(store), 'listed.txt')
      assert.deepEqual(await keysOf(store, 'nothing/here/'), [])
      const unfinished = await Array.fromAsync(store.listTemporary())
      assert.isAbove(unfinished.length, 0)
      assert.isBelow(Math.abs(Date.now() - Number(unfinished[0]?.lastModified)), 60_000)
      assert.isAbove(await store.sweepTemporary(-1), 0)
      assert.deepEqual(await Array.fromAsync(store.listTemporary()), [])
    })

    test('writers of one key at the same time leave one of their objects, whole', async ({
      assert,
    }) => {
      const bodies = Array.from({ length: 8 }, (_body, index) => Buffer.alloc(200_000, index))
      await Promise.all(bodies.map((body) => storeFile(store, 'same/key.jpg', body)))
      const stored = await store.readAll('same/key.jpg')
      assert.isTrue(bodies.some((body) => body.equals(stored)))
      assert.deepEqual(await keysOf(store, 'same/'), ['same/key.jpg'])
    })

    test('it is well', async ({ assert }) => {
      assert.deepEqual(await store.health(), { ok: true, detail: null })
      assert.notInclude((await keysOf(store)).join(' '), 'health')
    })

    test('a file of 60 MB goes in and out without growing memory', async ({ assert }) => {
      const chunk = randomBytes(1024 * 1024)
      const path = await store.temporaryPath()
      const sent = createHash('sha256')
      const file = await open(path, 'w')
      for (let written = 0; written < 60; written++) {
        chunk.writeUInt32LE(written)
        sent.update(chunk)
        await file.write(chunk)
      }
      await file.close()
      const memory = watchMemory()
      await store.commitFile(path, 'large/file.png')
      const received = createHash('sha256')
      for await (const part of await store.read('large/file.png')) {
        received.update(part)
      }
      const grown = memory.stop()
      await rm(path)
      assert.equal(received.digest('hex'), sent.digest('hex'))
      assert.isBelow(grown, 24 * 1024 * 1024)
      const tail = await buffer(
        await store.read('large/file.png', {
          start: 60 * 1024 * 1024 - 3,
          end: 60 * 1024 * 1024 - 1,
        })
      )
      assert.isTrue(tail.equals(chunk.subarray(-3)))
    }).skip(!largeFile, 'the same store is tried with it under another name')
  })
}

/** What stores of other machines must do when those make trouble. */
export function remoteStoreContract(
  name: string,
  openStore: () => Promise<RemoteUnderTest>,
  options: { largeFile: boolean }
): void {
  objectStoreContract(name, openStore, options)

  test.group(`Object store in trouble | ${name}`, (group) => {
    group.each.timeout(120_000)
    let opened: RemoteUnderTest
    let store: ObjectStore
    let proxy: FaultyProxy

    group.setup(async () => {
      opened = await openStore()
      store = opened.store
      proxy = opened.proxy
      return () => opened.stop()
    })
    group.each.setup(() => () => proxy.reset())

    /** Makes the first requests of a method fail. */
    const fail = (fault: Fault, times: number, method?: string) => {
      let left = times
      proxy.fault = (request) =>
        left > 0 && (method === undefined || request.method === method) && left-- > 0
          ? fault
          : 'none'
    }

    test('what fails for the moment is sent again', async ({ assert }) => {
      const bytes = randomBytes(100_000)
      fail('busy', 2)
      await storeFile(store, 'again/1.jpg', bytes)
      fail('busy', 2)
      assert.isTrue((await store.readAll('again/1.jpg')).equals(bytes))
      fail('busy', 2)
      assert.equal((await store.stat('again/1.jpg'))?.size, bytes.length)
      fail('busy', 2)
      assert.deepEqual(await keysOf(store, 'again/'), ['again/1.jpg'])
      fail('busy', 2)
      await store.delete('again/1.jpg')
      assert.deepEqual(await keysOf(store, 'again/'), [])
    })

    test('a body that is broken off on the way is sent again', async ({ assert }) => {
      const bytes = randomBytes(400_000)
      fail('cut', 2, 'PUT')
      await storeFile(store, 'cut/1.jpg', bytes)
      assert.isTrue((await store.readAll('cut/1.jpg')).equals(bytes))
    })

    test('a file that cannot be sent whole leaves nothing', async ({ assert }) => {
      proxy.fault = ({ method }) => (method === 'PUT' ? 'cut' : 'none')
      const bytes = randomBytes(400_000)
      assert.equal(await codeOf(storeFile(store, 'half/1.jpg', bytes)), 'E_STORAGE_UNAVAILABLE')
      assert.isNull(await store.stat('half/1.jpg'))
      assert.deepEqual(await keysOf(store, 'half/'), [])
      assert.deepEqual(await readdir(opened.temporaryFolder), [])
    })

    test('a large file survives what breaks off on the way, or leaves nothing', async ({
      assert,
    }) => {
      const bytes = randomBytes(20 * 1024 * 1024)
      fail('cut', 2, 'PUT')
      await storeFile(store, 'large/1.jpg', bytes)
      assert.isTrue((await store.readAll('large/1.jpg')).equals(bytes))
      await store.delete('large/1.jpg')
      proxy.fault = ({ method }) => (method === 'PUT' ? 'cut' : 'none')
      assert.equal(await codeOf(storeFile(store, 'large/1.jpg', bytes)), 'E_STORAGE_UNAVAILABLE')
      assert.isNull(await store.stat('large/1.jpg'))
      assert.deepEqual(await keysOf(store, 'large/'), [])
    }).skip(!options.largeFile, 'the same store is tried with it under another name')

    test('a server that is away is unavailable, and comes back without a restart', async ({
      assert,
    }) => {
      await store.put('away/1.jpg', Buffer.from('bytes'))
      await proxy.stop()
      const works = [
        store.put('away/2.jpg', Buffer.from('bytes')),
        storeFile(store, 'away/3.jpg', Buffer.from('bytes')),
        store.read('away/1.jpg'),
        store.readAll('away/1.jpg'),
        store.stat('away/1.jpg'),
        store.delete('away/1.jpg'),
        keysOf(store),
      ]
      for (const code of await Promise.all(works.map(codeOf))) {
        assert.equal(code, 'E_STORAGE_UNAVAILABLE')
      }
      const { ok, detail } = await store.health()
      assert.isFalse(ok)
      assert.match(String(detail), /cannot be reached/)
      await proxy.start()
      assert.equal((await store.readAll('away/1.jpg')).toString(), 'bytes')
      await waitFor(async () => (await store.health()).ok, {
        what: 'a store that is well again',
        timeoutMs: 20_000,
        everyMs: 200,
      })
    })

    test('refused credentials are told from a server that is away', async ({ assert }) => {
      const { refused } = opened
      proxy.reset()
      assert.equal(await codeOf(refused.put('no/1.jpg', Buffer.from('x'))), 'E_STORAGE_REFUSED')
      assert.equal(await codeOf(refused.readAll('no/1.jpg')), 'E_STORAGE_REFUSED')
      assert.equal(await codeOf(keysOf(refused)), 'E_STORAGE_REFUSED')
      assert.isAtMost(proxy.seen, 4, 'it is no use to send that again')
      const { ok, detail } = await refused.health()
      assert.isFalse(ok)
      assert.match(String(detail), /refuses the credentials/)
    })
  })
}
