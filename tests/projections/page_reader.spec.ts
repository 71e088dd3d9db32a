import { test } from '@japa/runner'
import type { RecordedFact } from '#event_store/port'
import { PageReader } from '#projections/page_reader'

/** A log of so many events that notes from where it was read. */
function logOf(events: number) {
  const reads: number[] = []
  return {
    reads,
    async readFacts({ after = 0, limit = 1 }: { after?: number; limit?: number }) {
      reads.push(after)
      return Array.from(
        { length: Math.min(limit, events - after) },
        (_, index) => ({ position: after + index + 1, data: {} }) as RecordedFact
      )
    },
  }
}

test.group('Page reader', () => {
  test('a page that was fetched ahead is not fetched again', async ({ assert }) => {
    const log = logOf(20)
    const pages = new PageReader(log)
    pages.readAhead(0, 5)
    const [taken, next] = [await pages.take(0, 5), await pages.read(5, 5)]
    assert.deepEqual(
      [...taken, ...next].map(({ position }) => position),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    )
    assert.deepEqual(log.reads, [0, 5])
  })

  test('a page that was read stays for those who follow, one that was taken does not', async ({
    assert,
  }) => {
    const log = logOf(20)
    const pages = new PageReader(log)
    await pages.read(0, 5)
    await pages.read(0, 5)
    assert.deepEqual(log.reads, [0])
    await pages.take(0, 5)
    await pages.take(0, 5)
    assert.deepEqual(log.reads, [0, 0])
  })
})
