import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from '@japa/runner'
import { VariantCache, type VariantCacheOptions } from '#storage/variant_cache'
import { VariantFiles } from '#storage/variant_files'
import { filesToEvict } from '#storage/variant_eviction'
import { filesBelow } from '#tests/helpers/files_below'

const ONE = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)
const DAY = 24 * 60 * 60 * 1_000

test.group('The cache of variants', (group) => {
  let dataDir: string

  group.each.setup(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'picfast-variants-'))
    return () => rm(dataDir, { recursive: true, force: true })
  })

  const open = (changes: Partial<VariantCacheOptions> = {}) =>
    new VariantCache({
      dataDir,
      bytes: 1_000_000,
      memoryBytes: 1_000_000,
      variantsAnImage: 100,
      grown: () => {},
      failed: (error) => {
        throw error
      },
      ...changes,
    })
  const variant = (text: string, length = 1_000) => ({
    bytes: Buffer.alloc(length, text),
    extension: 'webp' as const,
  })
  /** Keeps a variant, and waits until it is on the disk. */
  const keep = async (...[cache, ...kept]: [VariantCache, ...Parameters<VariantCache['keep']>]) => {
    const known = await cache.keep(...kept)
    await cache.settle()
    return known
  }
  const contentOf = async (cache: VariantCache, original: string, name: string) => {
    const found = await cache.find(original, name)
    return typeof found?.content === 'string' ? readFile(found.content) : (found?.content ?? null)
  }
  const paths = async () => {
    const names = await filesBelow(join(dataDir, 'cache'))
    return names
      .filter((name) => name.endsWith('.webp'))
      .map((name) => join(dataDir, 'cache', name))
  }

  test('gives what was kept, also after a restart and in another process', async ({ assert }) => {
    const first = open()
    const second = open()
    assert.isNull(await first.find(ONE, 'small'))
    const kept = await keep(first, ONE, 'small', variant('x'))
    for (const cache of [first, second, open()]) {
      const found = await cache.find(ONE, 'small')
      assert.deepEqual([found?.hash, found?.size], [kept.hash, 1_000])
      assert.isTrue((await contentOf(cache, ONE, 'small'))?.equals(variant('x').bytes))
      assert.isNull(await cache.find(ONE, 'large'))
      assert.isNull(await cache.find(OTHER, 'small'))
    }
  })

  test('gives large ones from the disk', async ({ assert }) => {
    const large = variant('l', 1_500_000)
    await keep(open({ bytes: 10_000_000 }), ONE, 'large', large)
    const cache = open()
    assert.isTrue((await contentOf(cache, ONE, 'large'))?.equals(large.bytes))
    assert.isString((await cache.find(ONE, 'large'))?.content)
    await rm((await paths())[0] ?? '')
    assert.isNull(await cache.find(ONE, 'large'))
  })

  test('never gives what is damaged', async ({ assert }) => {
    await keep(open(), ONE, 'small', variant('x'))
    const [path = ''] = await paths()
    await writeFile(path, variant('x').bytes.subarray(0, 500))

    assert.isNull(await open().find(ONE, 'small'))
    assert.deepEqual(await paths(), [])
  })

  test('keeps so many of one image, those that were asked for last', async ({ assert }) => {
    const cache = open({ variantsAnImage: 3 })
    await keep(cache, OTHER, 'small', variant('o'))
    for (const name of ['1', '2', '3', '4', '5']) {
      await keep(cache, ONE, name, variant(name))
    }
    const fresh = open()
    assert.lengthOf(await paths(), 4)
    assert.isNotNull(await fresh.find(ONE, '5'))
    assert.isNotNull(await fresh.find(OTHER, 'small'))
  })

  test('keeps within its bound: what was not asked for longest goes', async ({ assert }) => {
    const cache = open()
    const aged = new Set<string>()
    for (const name of ['1', '2', '3', '4']) {
      await keep(cache, ONE, name, variant(name))
      const path = (await paths()).find((one) => !aged.has(one)) ?? ''
      aged.add(path)
      const usedAt = new Date(Date.now() - DAY + Number(name) * 1_000)
      await utimes(path, usedAt, usedAt)
    }
    // Another process has just been asked for the oldest.
    await open().find(ONE, '1')
    const limited = open({ bytes: 2_500 })
    await limited.evict()
    const left = await Promise.all(['1', '2', '3', '4'].map((name) => limited.find(ONE, name)))

    assert.deepEqual(
      left.map((found) => found !== null),
      [true, false, false, true]
    )
  })

  test('says when an eviction is due', async ({ assert }) => {
    let due = 0
    const cache = open({ bytes: 100_000, grown: () => (due += 1) })
    for (const name of ['1', '2', '3', '4', '5', '6']) {
      await keep(cache, ONE, name, variant(name))
    }
    assert.equal(due, 1)
  })

  test('drops what nobody asks for, empty folders, and what was left half written', async ({
    assert,
  }) => {
    const cache = open()
    await keep(cache, ONE, 'small', variant('x'))
    const stale = join(dataDir, 'cache/variants/.temporary/half')
    await writeFile(stale, 'half')
    const long = new Date(Date.now() - 2 * 60 * 60 * 1_000)
    await utimes(stale, long, long)
    await cache.evict(Date.now() + 31 * DAY)

    assert.deepEqual(await paths(), [])
    await assert.rejects(() => stat(stale))
    await assert.rejects(() => stat(join(dataDir, 'cache/variants/aa', ONE)))
  })

  test('what there is of an image can be removed', async ({ assert }) => {
    const cache = open()
    await keep(cache, ONE, 'small', variant('x'))
    await keep(cache, OTHER, 'small', variant('y'))
    await new VariantFiles({ dataDir }).removeAll(ONE)

    assert.isNull(await open().find(ONE, 'small'))
    assert.isNotNull(await open().find(OTHER, 'small'))
  })

  test('many who write and read at once get what they asked for', async ({ assert }) => {
    const caches = [open(), open(), open()]
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const cache = caches[index % 3] ?? open()
        const name = String(index % 5)
        await cache.keep(ONE, name, variant(name))
        const content = await contentOf(cache, ONE, name)
        assert.isTrue(content?.equals(variant(name).bytes))
        await cache.evict()
      })
    )
    await Promise.all(caches.map((cache) => cache.settle()))
    assert.lengthOf(await paths(), 5)
  })

  test('gives what is not written yet, small or large', async ({ assert }) => {
    const cache = open({ bytes: 10_000_000 })
    const large = variant('l', 1_500_000)
    await Promise.all([cache.keep(ONE, 'small', variant('x')), cache.keep(ONE, 'large', large)])
    assert.isTrue((await contentOf(cache, ONE, 'large'))?.equals(large.bytes))
    assert.isTrue((await contentOf(cache, ONE, 'small'))?.equals(variant('x').bytes))
    await cache.settle()
    assert.isString((await cache.find(ONE, 'large'))?.content)
    assert.lengthOf(await paths(), 2)
  })

  test('has so much wait to be written and no more', async ({ assert }) => {
    const cache = open({ bytes: 1_000_000_000 })
    const large = variant('l', 9_000_000)
    await keep(cache, ONE, '0', large)
    for (let number = 1; number < 12; number++) {
      await cache.keep(ONE, String(number), large)
      const onDisk = (await paths()).length
      assert.isAtMost((number + 1 - onDisk) * large.bytes.length, 32 * 1024 * 1024 + 9_000_000)
    }
    await cache.settle()
    assert.lengthOf(await paths(), 12)
  })

  test('tells what could not be written, and goes on', async ({ assert }) => {
    const errors: unknown[] = []
    await writeFile(join(dataDir, 'cache'), 'no folder')
    const cache = open({ failed: (error) => errors.push(error) })
    await keep(cache, ONE, 'small', variant('x'))
    assert.lengthOf(errors, 1)
    assert.isNotNull(await cache.find(ONE, 'small'))
    await rm(join(dataDir, 'cache'))
    await keep(cache, ONE, 'other', variant('y'))
    assert.lengthOf(await paths(), 1)
  })
})

test.group('What is evicted', () => {
  const file = (path: string, usedAt: number, size = 10) => ({ path, usedAt, size })

  test('is nothing while there is room', ({ assert }) => {
    assert.deepEqual(filesToEvict([file('a', 1)], { bytes: 10, unusedSince: 0 }), [])
  })

  test('is the oldest, until some room is left', ({ assert }) => {
    const files = [file('c', 3), file('a', 1), file('b', 2)]
    const evicted = filesToEvict(files, { bytes: 29, unusedSince: 0 })
    assert.deepEqual(
      evicted.map(({ path }) => path),
      ['a']
    )
  })

  test('is all that was not used for too long', ({ assert }) => {
    const files = [file('a', 1), file('b', 9)]
    assert.deepEqual(filesToEvict(files, { bytes: 100, unusedSince: 5 }), [file('a', 1)])
  })
})
