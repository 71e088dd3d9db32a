import { test } from '@japa/runner'
import { decodeCursor, encodeCursor } from '#http/image_cursor'

const CURSOR = { createdAt: '2025-11-23T21:25:00.123Z', imageId: 17, page: 2, total: 41 }

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

test.group('Cursors', () => {
  test('come back as they went', ({ assert }) => {
    const text = encodeCursor(CURSOR)

    assert.match(text, /^[A-Za-z0-9_-]+$/)
    assert.deepEqual(decodeCursor(text), CURSOR)
  })

  test('that nobody was given are refused ({$i})')
    .with([
      '',
      'nonsense',
      '!!!!',
      'x'.repeat(201),
      encode(null),
      encode({}),
      encode([]),
      encode(['yesterday', 1, 1, 1]),
      encode(['2025-99-99T00:00:00.000Z', 1, 1, 1]),
      encode([CURSOR.createdAt, '17', 1, 1]),
      encode([CURSOR.createdAt, 0, 1, 1]),
      encode([CURSOR.createdAt, 17, 0, 1]),
      encode([CURSOR.createdAt, 17, 1, -1]),
      encode([CURSOR.createdAt, 17, 1.5, 1]),
      encode([CURSOR.createdAt, 17, 1, 1, 1]),
      encode([`${CURSOR.createdAt}'; drop table x`, 17, 1, 1]),
    ])
    .run(({ assert }, text) => {
      assert.isNull(decodeCursor(text))
    })
})
