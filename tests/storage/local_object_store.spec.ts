import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { test } from '@japa/runner'
import { LocalObjectStore } from '#storage/local_object_store'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

test.group('Storage | local', (group) => {
  let folder: TemporaryFolder
  let store: LocalObjectStore

  group.each.setup(() => {
    folder = new TemporaryFolder()
    store = new LocalObjectStore({ root: folder.at('objects') })
    return () => folder.remove()
  })

  test('a finished file is put in place; doing it again changes nothing', async ({ assert }) => {
    const temporary = await store.temporaryPath()
    writeFileSync(temporary, 'bytes')
    await store.commitFile(temporary, 'x/y.bin')
    await store.commitFile(temporary, 'x/y.bin')
    rmSync(temporary)
    assert.equal((await store.readAll('x/y.bin')).toString(), 'bytes')
    assert.deepEqual(readdirSync(folder.at('objects', '.temporary')), [])
    assert.deepEqual(readdirSync(folder.at('objects', 'x')), ['y.bin'])
  })

  test('what is staged and given up leaves nothing, while it is written or afterwards', async ({
    assert,
  }) => {
    const bytes = Buffer.alloc(1024 * 1024, 'x')
    await store.stage(bytes).discard()
    const staged = store.stage(bytes)
    await staged.commit('x/y.bin')
    await staged.discard()
    const refused = store.stage(bytes)
    await assert.rejects(() => refused.commit('../y.bin'))
    await refused.discard()
    const temporary = await store.temporaryPath()
    writeFileSync(temporary, 'bytes')
    await store.stage(temporary).discard()
    assert.isTrue(existsSync(temporary), 'its maker removes it')
    rmSync(temporary)
    assert.deepEqual(readdirSync(folder.at('objects', '.temporary')), [])
    assert.deepEqual(readdirSync(folder.at('objects', 'x')), ['y.bin'])
  })

  test('a file on another volume is copied into place', async ({ assert, cleanup }) => {
    const elsewhere = new TemporaryFolder('/dev/shm')
    cleanup(() => elsewhere.remove())
    writeFileSync(elsewhere.at('file'), 'bytes')
    await store.commitFile(elsewhere.at('file'), 'x/y.bin')
    assert.equal((await store.readAll('x/y.bin')).toString(), 'bytes')
    assert.deepEqual(readdirSync(folder.at('objects', 'x')), ['y.bin'])
    assert.deepEqual(readdirSync(elsewhere.at('.')), ['file'])
  }).skip(!existsSync('/dev/shm'), 'this machine has no second volume')

  test('a folder that was removed behind its back is made anew', async ({ assert }) => {
    await store.put('a/1.txt', Buffer.from('one'))
    rmSync(folder.at('objects', 'a'), { recursive: true })
    await store.put('a/2.txt', Buffer.from('two'))
    assert.equal((await store.readAll('a/2.txt')).toString(), 'two')
  })

  test('a place that cannot be written is unavailable, and says so when asked', async ({
    assert,
  }) => {
    // A file where the folder should be: true for root as well, whom no permission stops.
    writeFileSync(folder.at('occupied'), '')
    const broken = new LocalObjectStore({ root: folder.at('occupied') })
    assert.isFalse((await broken.health()).ok)
    assert.deepEqual(await store.health(), { ok: true, detail: null })
  })

  test('objects are listed without what is still temporary', async ({ assert }) => {
    await store.put('a/1.txt', Buffer.from('one'))
    await store.put('b/2.txt', Buffer.from('two'))
    writeFileSync(await store.temporaryPath(), 'unfinished')
    const keys = async (prefix?: string) =>
      (await Array.fromAsync(store.list(prefix))).map(({ key }) => key).sort()
    assert.deepEqual(await keys(), ['a/1.txt', 'b/2.txt'])
    assert.deepEqual(await keys('b/'), ['b/2.txt'])
    assert.deepEqual(
      await Array.fromAsync(new LocalObjectStore({ root: folder.at('none') }).list()),
      []
    )
  })

  test('temporary files that nobody finished are swept after a while', async ({ assert }) => {
    const [old, fresh] = [await store.temporaryPath(), await store.temporaryPath()]
    mkdirSync(folder.at('objects', '.temporary'), { recursive: true })
    writeFileSync(old, 'old')
    writeFileSync(fresh, 'fresh')
    const hourAgo = Date.now() / 1000 - 3600
    utimesSync(old, hourAgo, hourAgo)
    assert.equal(await store.sweepTemporary(60_000), 1)
    assert.lengthOf(readdirSync(folder.at('objects', '.temporary')), 1)
  })

  test('a listing leaves out what no object can be called', async ({ assert }) => {
    await store.put('shown/1.png', Buffer.from('bytes'))
    writeFileSync(folder.at('objects', '.DS_Store'), 'x')
    writeFileSync(folder.at('objects', 'shown', 'a name with spaces.png'), 'x')
    const listed = await Array.fromAsync(store.list())
    assert.deepEqual(
      listed.map(({ key }) => key),
      ['shown/1.png']
    )
  })
})
