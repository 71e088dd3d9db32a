import { test } from '@japa/runner'
import { momentAfter, parseDuration } from '#domain/duration'

const DAY = 86_400_000

test.group('Durations', () => {
  test('{text} is {milliseconds} ms')
    .with([
      { text: '1s', milliseconds: 1_000 },
      { text: '30m', milliseconds: 1_800_000 },
      { text: '24h', milliseconds: DAY },
      { text: '7d', milliseconds: 7 * DAY },
      { text: '2w', milliseconds: 14 * DAY },
      { text: '1y', milliseconds: 365 * DAY },
      { text: '100y', milliseconds: 36_500 * DAY },
    ])
    .run(({ assert }, { text, milliseconds }) => {
      assert.equal(parseDuration(text), milliseconds)
    })

  test('"{$self}" is none')
    .with([
      ...['', '0', '0h', '1', 'h', '-1h', '1.5h', '1 h', ' 1h', '1h ', '1H', '01h', '1h30m'],
      ...['1mo', '101y', '36501d', '999999999y', '1e3h', '１h', '1h\n'],
    ])
    .run(({ assert }, text) => {
      assert.isNull(parseDuration(text))
    })

  test('a moment is RFC 3339 in UTC', ({ assert }) => {
    assert.equal(momentAfter('24h', Date.UTC(2025, 10, 23)), '2025-11-24T00:00:00.000Z')
    assert.isNull(momentAfter(undefined, 0))
    assert.isNull(momentAfter('never', 0))
  })
})
