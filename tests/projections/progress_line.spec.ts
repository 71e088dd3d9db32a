import { PassThrough } from 'node:stream'
import { test } from '@japa/runner'
import { ProgressLine } from '#projections/progress_line'

/** What is written to a pipe of so many updates. */
function told(updates: ReadonlyArray<[done: number, total: number]>): string[] {
  const stream = new PassThrough()
  const line = new ProgressLine('log', { stream })
  updates.forEach(([done, total]) => line.update(done, total))
  const text: unknown = stream.read()
  return text === null ? [] : String(text).trimEnd().split('\n')
}

test.group('Progress line', () => {
  test('the end is told once, however often it is reached', ({ assert }) => {
    const lines = told([
      [10, 10],
      [10, 10],
      [10, 10],
    ])
    assert.lengthOf(lines, 1)
    assert.match(lines[0] ?? '', /^log █{30} 100 % · 10\/10 events · \d+\/s$/)
  })

  test('an end that moves on is told again', ({ assert }) => {
    assert.lengthOf(
      told([
        [10, 10],
        [11, 11],
      ]),
      2
    )
  })
})
