import { test } from '@japa/runner'
import { decideRange, isNotModified, type ConditionHeaders } from '#http/file_conditions'

const FILE = { etag: '"abc"', lastModified: new Date('2025-11-23T21:25:00.700Z') }
const MODIFIED = 'Sun, 23 Nov 2025 21:25:00 GMT'
const EARLIER = 'Sun, 23 Nov 2025 21:24:59 GMT'
const SIZE = 100

function headers(given: Partial<ConditionHeaders>): ConditionHeaders {
  return {
    ifNoneMatch: undefined,
    ifModifiedSince: undefined,
    ifRange: undefined,
    range: undefined,
    ...given,
  }
}

test.group('Whether a copy is still good', () => {
  test('{given} → {expected}')
    .with([
      { given: {}, expected: false },
      { given: { ifNoneMatch: '"abc"' }, expected: true },
      { given: { ifNoneMatch: 'W/"abc"' }, expected: true },
      { given: { ifNoneMatch: '"x", "abc"' }, expected: true },
      { given: { ifNoneMatch: '*' }, expected: true },
      { given: { ifNoneMatch: '"abcd"' }, expected: false },
      { given: { ifNoneMatch: 'abc' }, expected: false },
      { given: { ifModifiedSince: MODIFIED }, expected: true },
      { given: { ifModifiedSince: EARLIER }, expected: false },
      { given: { ifModifiedSince: 'yesterday' }, expected: false },
      { given: { ifModifiedSince: '2030-01-01' }, expected: false },
      { given: { ifNoneMatch: '"other"', ifModifiedSince: MODIFIED }, expected: false },
    ])
    .run(({ assert }, { given, expected }) => {
      assert.equal(isNotModified(headers(given), FILE), expected)
    })
})

test.group('Which part of a file is sent', () => {
  test('{range}')
    .with([
      { range: 'bytes=0-9', start: 0, end: 9 },
      { range: 'bytes=90-', start: 90, end: 99 },
      { range: 'bytes=-10', start: 90, end: 99 },
      { range: 'bytes=-500', start: 0, end: 99 },
      { range: 'bytes=50-999999999999999', start: 50, end: 99 },
      { range: 'bytes=99-99', start: 99, end: 99 },
      { range: 'Bytes=0-0 ', start: 0, end: 0 },
    ])
    .run(({ assert }, { range, start, end }) => {
      const decision = decideRange(headers({ range }), FILE, SIZE)
      assert.deepEqual(decision, { kind: 'part', range: { start, end } })
    })

  test('{range} lies beyond the end')
    .with([{ range: 'bytes=100-' }, { range: 'bytes=100-200' }, { range: 'bytes=-0' }])
    .run(({ assert }, { range }) => {
      assert.deepEqual(decideRange(headers({ range }), FILE, SIZE), { kind: 'none' })
    })

  test('{range} are several')
    .with([
      { range: 'bytes=0-1,5-6', starts: [0, 5] },
      { range: 'bytes=90-, 0-1 ,-1', starts: [90, 0, 99] },
      { range: 'bytes=0-1,100-,5-5', starts: [0, 5] },
    ])
    .run(({ assert }, { range, starts }) => {
      const decision = decideRange(headers({ range }), FILE, SIZE)
      assert.deepEqual(
        decision.kind === 'parts' ? decision.ranges.map(({ start }) => start) : [],
        starts
      )
    })

  test('{range}: what lies beyond the end is left out')
    .with([{ range: 'bytes=0-1,100-' }])
    .run(({ assert }, { range }) => {
      const decision = decideRange(headers({ range }), FILE, SIZE)
      assert.deepEqual(decision, { kind: 'part', range: { start: 0, end: 1 } })
    })

  test('{range} is answered with the whole')
    .with([
      { range: 'bytes=0-1,9-1' },
      { range: 'bytes=0-99,0-0' },
      { range: `bytes=${Array.from({ length: 17 }, (_, index) => `${index}-${index}`).join(',')}` },
      { range: 'bytes=9-1' },
      { range: 'bytes=-' },
      { range: 'bytes=a-b' },
      { range: 'lines=0-9' },
      { range: 'bytes 0-9' },
      { range: 'bytes=9999999999999999-' },
    ])
    .run(({ assert }, { range }) => {
      assert.deepEqual(decideRange(headers({ range }), FILE, SIZE), { kind: 'whole' })
    })

  test('If-Range {ifRange} → {kind}')
    .with([
      { ifRange: '"abc"', kind: 'part' },
      { ifRange: '"other"', kind: 'whole' },
      { ifRange: 'W/"abc"', kind: 'whole' },
      { ifRange: MODIFIED, kind: 'part' },
      { ifRange: EARLIER, kind: 'whole' },
      { ifRange: 'nonsense', kind: 'whole' },
    ])
    .run(({ assert }, { ifRange, kind }) => {
      assert.equal(decideRange(headers({ ifRange, range: 'bytes=0-9' }), FILE, SIZE).kind, kind)
    })
})
