import { test } from '@japa/runner'
import { runCommand } from '#tests/helpers/ace'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'
import { TamperedLog } from './tampered_log.ts'

interface VerifyJson {
  sound: boolean
  position: number
  first: { kind: string; position: number } | null
}

test.group('Proofs | commands', () => {
  test('an administrator signs, verifies, and is told what was done to the log since', async ({
    assert,
    cleanup,
  }) => {
    const log = await TamperedLog.create()
    const folder = new TemporaryFolder()
    cleanup(async () => {
      folder.remove()
      await log.close()
    })
    const run = (...args: string[]) => runCommand(log.url, args)
    const file = folder.at('checkpoint.txt')

    const key = await run('audit:checkpoint', '--key')
    assert.match(key.stdout, /^picfast\/\S+\n$/)
    const signed = await run('audit:checkpoint', `--output=${file}`)
    assert.equal(signed.code, 0, signed.stderr)
    assert.include(signed.stdout + signed.stderr, key.stdout.trim())

    const sound = await run(
      'audit:verify',
      '--json',
      `--checkpoint=${file}`,
      `--key=${key.stdout.trim()}`
    )
    assert.equal(sound.code, 0, sound.stderr)
    const report: VerifyJson = JSON.parse(sound.stdout)
    assert.deepInclude(report, { sound: true, position: 31, first: null })
    const fresh = await run('audit:verify', `--from=${file}`)
    assert.equal(fresh.code, 0, fresh.stderr)

    await log.client.query(`update log.events set type = 'image.approved' where position = 12`)
    const tampered = await run('audit:verify', '--json')
    assert.equal(tampered.code, 1)
    const fault: VerifyJson = JSON.parse(tampered.stdout)
    assert.deepInclude(fault.first, { kind: 'changed', position: 12 })

    const unproved = await run('audit:prove', '12', `--checkpoint=${file}`)
    assert.equal(unproved.code, 1)
    assert.include(unproved.stdout + unproved.stderr, 'broken at event 12')
    const wrong = await run('audit:verify', `--checkpoint=${folder.at('none')}`)
    assert.equal(wrong.code, 1)
    assert.include(wrong.stdout + wrong.stderr, 'cannot be read')
  }).timeout(60_000)
})
