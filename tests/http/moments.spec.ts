import { test } from '@japa/runner'
import { parseMoment } from '#http/validators/moments'

test.group('Moments in a query', () => {
  test('{text} starts at {start} and ends at {end}')
    .with([
      {
        text: '2025-11-23',
        start: '2025-11-23T00:00:00.000Z',
        end: '2025-11-23T23:59:59.999Z',
      },
      {
        text: '2025-11-23T21:25:00+02:00',
        start: '2025-11-23T19:25:00.000Z',
        end: '2025-11-23T19:25:00.000Z',
      },
      {
        text: '2024-02-29T00:00Z',
        start: '2024-02-29T00:00:00.000Z',
        end: '2024-02-29T00:00:00.000Z',
      },
    ])
    .run(({ assert }, { text, start, end }) => {
      assert.equal(parseMoment(text, 'start')?.toISOString(), start)
      assert.equal(parseMoment(text, 'end')?.toISOString(), end)
    })

  test('"{$self}" is none')
    .with([
      ...['', 'today', '2025', '2025-11', '2025-13-01', '2025-02-30', '2025-02-30T00:00:00Z'],
      ...['2025-11-23T25:00:00Z', '2025-11-23T21:25:00', '2025-11-23 21:25:00Z', '1e10', '0'],
    ])
    .run(({ assert }, text) => {
      assert.isNull(parseMoment(text, 'start'))
    })
})
