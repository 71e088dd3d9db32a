import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import { runCommand } from '#tests/helpers/ace'

const KEPT = fileURLToPath(new URL('../../node_modules/.cache/node', import.meta.url))
const NOWHERE = 'postgres://127.0.0.1:1/none'

test.group('Compiled sources', () => {
  test('a command keeps them for the next one, beside the dependencies', async ({ assert }) => {
    await rm(KEPT, { recursive: true, force: true })
    await runCommand(NOWHERE, ['list'], undefined, { NODE_COMPILE_CACHE: '' })
    assert.isNotEmpty(await readdir(KEPT))
  }).timeout(60_000)

  test('they lie where the administrator says', async ({ assert, cleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), 'picfast-compiled-'))
    cleanup(() => rm(folder, { recursive: true }))
    await runCommand(NOWHERE, ['list'], undefined, { NODE_COMPILE_CACHE: folder })
    assert.isNotEmpty(await readdir(folder))
  }).timeout(60_000)

  test('a folder that cannot be made stops no command', async ({ assert }) => {
    const { code, stdout, stderr } = await runCommand(NOWHERE, ['list'], undefined, {
      NODE_COMPILE_CACHE: join(fileURLToPath(import.meta.url), 'folder'),
    })
    assert.equal(code, 0)
    assert.include(stdout, 'projections:rebuild')
    assert.equal(stderr, '')
  }).timeout(60_000)
})
