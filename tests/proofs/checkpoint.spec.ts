import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import {
  formatVerifierKey,
  openCheckpoint,
  parseVerifierKey,
  signCheckpoint,
  verifierKeyOf,
  type SigningKey,
} from '#proofs/checkpoint'
import { ProofError } from '#proofs/errors'
import { proveInclusion, type InclusionProof } from '#proofs/inclusion_proof'
import { PostgresSigningKeyStore } from '#proofs/signing_key_store'
import { takeCheckpoint } from '#proofs/take_checkpoint'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { TEST_SITE_KEY } from '#tests/helpers/event_store'
import { renamed, METADATA } from '#tests/helpers/events'
import { TamperedLog } from './tampered_log.ts'
import { openPool } from '#tests/helpers/pool'

const SCRIPT = fileURLToPath(new URL('../../docs/verify_proof.mjs', import.meta.url))
const NOW = new Date('2026-11-24T18:00:00.000Z')

function newKey(origin = 'picfast/01234567-89ab-cdef-0123-456789abcdef'): SigningKey {
  return { origin, ...generateKeyPairSync('ed25519') }
}

function runScript(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
    )
  })
}

test.group('Proofs | checkpoints', () => {
  const checkpoint = {
    origin: newKey().origin,
    position: 12,
    root: Buffer.alloc(32, 1),
    chainHash: Buffer.alloc(32, 2),
    signedAt: NOW.toISOString(),
  }

  test('a checkpoint is read back by the key that signed it, and by no other', ({ assert }) => {
    const key = newKey()
    const text = signCheckpoint(checkpoint, key)
    assert.deepEqual(openCheckpoint(text, verifierKeyOf(key)), checkpoint)
    assert.throws(() => openCheckpoint(text, verifierKeyOf(newKey())), ProofError)
    const changed = text.replace('\n12\n', '\n13\n')
    assert.notEqual(changed, text)
    assert.throws(() => openCheckpoint(changed, verifierKeyOf(key)), ProofError)
    assert.throws(() => openCheckpoint('', verifierKeyOf(key)), ProofError)
  })

  test('a public key survives being written down, and not being written wrong', ({ assert }) => {
    const key = verifierKeyOf(newKey())
    const text = formatVerifierKey(key)
    assert.deepEqual(parseVerifierKey(`${text}\n`), key)
    assert.throws(() => parseVerifierKey(text.slice(0, -3)), ProofError)
    assert.throws(() => parseVerifierKey('picfast'), ProofError)
  })
})

test.group('Proofs | of a log', (group) => {
  let log: TamperedLog
  let key: SigningKey

  group.setup(async () => {
    log = await TamperedLog.create()
    const pool = openPool(log.url, 1)
    key = await new PostgresSigningKeyStore(pool, TEST_SITE_KEY).obtain()
    const again = await new PostgresSigningKeyStore(pool, TEST_SITE_KEY).obtain()
    await pool.end()
    if (!again.privateKey.equals(key.privateKey) || again.origin !== key.origin) {
      throw new Error('The key is another one each time')
    }
    return () => log.close()
  })
  group.each.teardown(() => log.restore())

  const take = () => takeCheckpoint({ connectionString: log.url, key, now: NOW })
  const opened = (text: string) => openCheckpoint(text, verifierKeyOf(key))

  test('a log that went on agrees with its checkpoints', async ({ assert, cleanup }) => {
    const { text, position } = await take()
    await log.store.append({
      stream: 'album-9',
      expectedVersion: 'any',
      events: [renamed(9, 'later')],
      metadata: METADATA,
    })
    cleanup(() => log.restore())
    const later = await take()
    assert.equal(later.position, position + 1)
    const { sound } = await log.verify({ checkpoints: [opened(later.text), opened(text)] })
    assert.isTrue(sound)
  })

  test('a log that was rewritten from scratch is caught by a checkpoint, between two of them', async ({
    assert,
  }) => {
    const early = signCheckpoint({ ...opened((await take()).text) }, key)
    await log.client.query('delete from log.events where position > 10')
    await log.client.query(
      'delete from log.commands; delete from log.claims; delete from log.budgets'
    )
    await log.rehead()
    const first = await take()
    await log.restore()
    await log.client.query(
      `update log.events set data = replace(data::text, '"to":0', '"to":1')::json where position = 15`
    )
    await log.rehash(15, 31)
    await log.rehead()
    assert.isTrue((await log.verify()).sound)
    const checkpoints = [opened(early), opened(first.text)]
    for (const options of [
      {},
      { segmentEvents: 4, threads: 1 },
      { segmentEvents: 5, threads: 2 },
    ]) {
      const { faults } = await log.verify({ checkpoints, ...options })
      assert.deepInclude(faults[0], { kind: 'checkpoint', position: 11 })
    }
  })

  test('a log whose end was cut off is caught by a checkpoint', async ({ assert }) => {
    const { text } = await take()
    await log.client.query('delete from log.events where position = 31')
    await log.client.query('delete from log.commands where last_position = 31')
    await log.rehead()
    const { faults } = await log.verify({ checkpoints: [opened(text)] })
    assert.deepInclude(faults[0], { kind: 'removed', position: 31 })
  })

  test('nothing is signed of a log that is broken', async ({ assert }) => {
    await log.client.query(`update log.events set type = 'x' where position = 3`)
    await assert.rejects(take, /broken at event 3/)
  })

  test('any event is proved to whoever has the public key, without the database', async ({
    assert,
    cleanup,
  }) => {
    const folder = new TemporaryFolder()
    cleanup(() => folder.remove())
    const { text } = await take()
    const publicKey = formatVerifierKey(verifierKeyOf(key))
    for (const position of [1, 2, 16, 17, 30, 31]) {
      const proof = await proveInclusion({
        connectionString: log.url,
        key,
        position,
        checkpoint: text,
      })
      const file = folder.at(`${position}.json`)
      await writeFile(file, JSON.stringify(proof))
      const { code, output } = await runScript(file, publicKey)
      assert.equal(code, 0, output)
      assert.include(output, `event ${position} of ${key.origin}`)
    }
  }).timeout(30_000)

  test('a proof that was changed proves nothing: {title}')
    .with([
      { title: 'its data', change: (proof: InclusionProof) => (proof.event.data += ' ') },
      { title: 'its place', change: (proof: InclusionProof) => (proof.event.position = 4) },
      { title: 'its path', change: (proof: InclusionProof) => proof.path.pop() },
      { title: 'the hash before', change: (proof: InclusionProof) => (proof.previous_hash = '00') },
      {
        title: 'the checkpoint',
        change: (proof: InclusionProof) =>
          (proof.checkpoint = proof.checkpoint.replace('2026', '2025')),
      },
      {
        title: 'the signer',
        change: (proof: InclusionProof) => {
          const other = newKey()
          proof.public_key = formatVerifierKey(verifierKeyOf(other))
        },
      },
    ])
    .run(async ({ assert, cleanup }, { change }) => {
      const folder = new TemporaryFolder()
      cleanup(() => folder.remove())
      const { text } = await take()
      const proof = await proveInclusion({
        connectionString: log.url,
        key,
        position: 5,
        checkpoint: text,
      })
      change(proof)
      const file = await folder.file(Buffer.from(JSON.stringify(proof)))
      const { code, output } = await runScript(file)
      assert.equal(code, 1, output)
      assert.include(output, 'NOT PROVED')
    })

  test('an event after the checkpoint is not proved by it', async ({ assert }) => {
    const { text } = await take()
    await assert.rejects(
      () => proveInclusion({ connectionString: log.url, key, position: 99, checkpoint: text }),
      ProofError
    )
  })
})
