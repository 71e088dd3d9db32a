import { test } from '@japa/runner'
import fc from 'fast-check'
import { plainPng } from '#tests/fixtures/images'
import type { ListedImageJson, PageJson } from '#tests/helpers/api'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const IMAGES = '/api/v1/images'

/** What happens between two pages of a walk: an upload, or the deletion of one of the first images. */
type Meanwhile = 'upload' | number

const meanwhile: fc.Arbitrary<Meanwhile> = fc.oneof(
  fc.constant('upload' as const),
  fc.nat({ max: 50 })
)

test.group('Properties | walks by cursor', (group) => {
  group.each.timeout(240_000)
  let server: TestWebServer
  let file: Buffer

  group.setup(async () => {
    server = await startWebServer()
    await server.setUp()
    file = await plainPng(16, 16)
    return () => server.stop()
  })

  test('show once what was there from beginning to end, whatever comes and goes', async ({
    assert,
  }) => {
    let walker = 0
    const walk = async (images: number, size: number, between: Meanwhile[]) => {
      const api = await server.addUser(`walker-${walker++}@example.org`)
      const there: string[] = []
      for (let index = 0; index < images; index++) {
        there.push((await api.upload(file)).data.key)
      }
      const gone = new Set<string>()
      const seen: string[] = []
      let cursor: string | null = ''
      for (let page = 0; cursor !== null; page++) {
        const path: string = `${IMAGES}?page_size=${size}&cursor=${cursor}`
        const { data }: { data: PageJson<ListedImageJson> } = await api.get(path)
        seen.push(...data.items.map(({ key }) => key))
        cursor = data.next_cursor
        const step = between[page]
        if (step === 'upload') {
          await api.upload(file)
        } else if (step !== undefined) {
          const key = there[step % there.length] ?? ''
          gone.add(key)
          await api.delete(`${IMAGES}/${key}`)
        }
      }
      const expected = there.toReversed().filter((key) => !gone.has(key))
      assert.deepEqual(seen, [...new Set(seen)], 'nothing twice')
      assert.deepEqual(
        seen.filter((key) => expected.includes(key)),
        expected,
        'nothing left out, in order'
      )
    }
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(meanwhile, { maxLength: 12 }),
        walk
      ),
      { numRuns: 12 }
    )
  })
})
