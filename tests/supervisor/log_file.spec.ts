import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { test } from '@japa/runner'
import { LogFile } from '#supervisor/log_file'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

test.group('Supervisor | log files', (group) => {
  let folder: TemporaryFolder

  group.each.setup(() => {
    folder = new TemporaryFolder()
    return () => folder.remove()
  })

  const writeLines = async (log: LogFile, lines: string[]) => {
    lines.forEach((line) => log.write(`${line}\n`))
    log.end()
    await once(log, 'finish')
  }

  test('go on where they ended, and are for their owner alone', async ({ assert }) => {
    const path = folder.at('web.log')
    await writeLines(new LogFile(path), ['one', 'two'])
    await writeLines(new LogFile(path), ['three'])

    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.isFalse(existsSync(`${path}.1`))
  })

  test('are put aside while they are written, so that two bounded files remain', async ({
    assert,
  }) => {
    const path = folder.at('web.log')
    const lines = Array.from({ length: 100 }, (_, number) => `line ${number}`.padEnd(99, '.'))
    await writeLines(new LogFile(path, 1_000), lines)

    const kept = readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')
    assert.isAtMost(statSync(path).size, 1_000)
    assert.isAtMost(statSync(`${path}.1`).size, 1_000)
    assert.deepEqual(kept.trimEnd().split('\n'), lines.slice(-20))
  })
})
