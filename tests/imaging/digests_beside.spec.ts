import { createHash, randomBytes } from 'node:crypto'
import { test } from '@japa/runner'
import { DigestThread } from '#imaging/digest_thread'
import { digestsBeside } from '#imaging/digests_beside'

const KB = 1024

function expected(bytes: Buffer) {
  const of = (name: string) => createHash(name).update(bytes).digest('hex')
  return { sha256: of('sha256'), md5: of('md5'), sha1: of('sha1') }
}

test.group('Hashing beside', () => {
  test('hashes are those of the bytes, whatever their number and however many at once', async ({
    assert,
  }) => {
    const sizes = [0, 1, 32 * KB, 32 * KB + 1, 200_000, 512 * KB, 512 * KB + 1, 5_000_000]
    const files = [...sizes, ...sizes.toReversed(), 16 * KB * KB + 1].map((size) =>
      randomBytes(size)
    )
    const digests = await Promise.all(files.map((bytes) => digestsBeside(bytes)))
    assert.deepEqual(digests, files.map(expected))
  })

  test('a part of a larger buffer is hashed alone', async ({ assert }) => {
    const part = randomBytes(300_000).subarray(1_000, 201_000)
    assert.deepEqual(await digestsBeside(part), expected(part))
  })

  test('what a thread dies of is hashed all the same', async ({ assert }) => {
    const dying = `import { parentPort } from 'node:worker_threads'
      parentPort.on('message', (message) => typeof message === 'number' && process.exit(1))`
    const thread = new DigestThread(new URL(`data:text/javascript,${encodeURIComponent(dying)}`))
    const bytes = randomBytes(100_000)
    assert.isFalse(thread.isBroken)
    assert.deepEqual(await thread.digest(bytes), expected(bytes))
    assert.isTrue(thread.isBroken)
    assert.deepEqual(await thread.digest(bytes), expected(bytes), 'also when it is dead already')
  })
})
