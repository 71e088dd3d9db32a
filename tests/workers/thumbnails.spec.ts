import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from '@japa/runner'
import { ImagingBusyError } from '#imaging/errors'
import { Workshop } from '#imaging/workshop/workshop'
import { plainPng, SVG } from '#tests/fixtures/images'
import type { ApiClient, ImageJson } from '#tests/helpers/api'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'
import { repairThumbnails } from '#workers/thumbnail_repair'
import { ThumbnailsWorker } from '#workers/thumbnails_worker'

const THUMBHASH = /^[A-Za-z0-9+/]{20,50}={0,2}$/

test.group('Thumbnails of the worker', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let user: ApiClient
  let workshop: Workshop

  group.each.setup(async () => {
    server = await startWebServer()
    user = await server.setUp()
    workshop = new Workshop()
    return async () => {
      await workshop.close()
      await server.stop()
    }
  })

  const work = ({ id }: ImageJson, place: Pick<Workshop, 'run'> = workshop) =>
    new ThumbnailsWorker({ ...server.services, workshop: place }).process([
      {
        reactionKey: `thumbnails-${randomUUID()}`,
        eventId: randomUUID(),
        eventPosition: 1,
        attempt: 1,
        payload: { image_id: id },
      },
    ])

  const repair = (changes: { dryRun?: boolean; after?: number; stopped?: () => boolean } = {}) =>
    repairThumbnails({
      ports: { ...server.services, workshop },
      after: 0,
      dryRun: false,
      progress: () => {},
      stopped: () => false,
      ...changes,
    })

  const upload = async (width: number) =>
    (await user.upload<ImageJson>(await plainPng(width, 40))).data

  const shown = (image: ImageJson, condition: (found: ImageJson) => boolean) =>
    waitFor(
      async () => {
        const { data } = await user.get<ImageJson>(`/api/v1/images/${image.key}`)
        return condition(data) ? data : null
      },
      { what: 'the image as it should be' }
    )

  const thumbnailPath = ({ md5 }: ImageJson) =>
    join(server.dataDir, 'objects/thumbnails', md5.slice(0, 2), `${md5}.webp`)

  const objectPath = async ({ id }: ImageJson) => {
    const [event] = await server.services.eventStore.readStream(`image-${id}`)
    const key = event?.type === 'image.uploaded' ? event.data.object_key : ''
    return join(server.dataDir, 'objects', key)
  }

  test('come with a ThumbHash that the image shows', async ({ assert }) => {
    const image = await upload(50)
    assert.isNull(image.thumbhash)
    await work(image)
    const found = await shown(image, ({ thumbhash }) => thumbhash !== null)
    assert.match(found.thumbhash ?? '', THUMBHASH)
  })

  test('of a drawing that finds no place in the workshop are tried again', async ({ assert }) => {
    const { data: image } = await user.upload<ImageJson>(Buffer.from(SVG), 'drawing.svg')
    const busy = { run: () => Promise.reject(new ImagingBusyError(1)) }
    await assert.rejects(() => work(image, busy), ImagingBusyError)
    await work(image)
    await shown(image, ({ thumbhash }) => thumbhash !== null)
  })

  test('are repaired when they are lost, have failed, or were never made', async ({ assert }) => {
    const [whole, lost, failed, early] = [
      await upload(51),
      await upload(52),
      await upload(53),
      await upload(54),
    ]
    const original = await objectPath(failed)
    const bytes = await plainPng(53, 40)
    await writeFile(original, 'damaged')
    for (const image of [whole, lost, failed]) {
      await work(image)
    }
    await writeFile(original, bytes)
    await rm(thumbnailPath(lost))
    await shown(lost, ({ thumbhash }) => thumbhash !== null)
    await waitFor(
      async () => {
        const { data } = await user.get<{ thumbnail: string }>(
          `/api/v1/images/${failed.key}/pipeline`
        )
        return data.thumbnail === 'failed'
      },
      { what: 'the failure' }
    )

    const look = await repair({ dryRun: true })
    assert.deepInclude(look, { looked: 4, broken: 3, repaired: 0, failed: [] })
    const result = await repair()
    assert.deepInclude(result, { looked: 4, broken: 3, repaired: 3, failed: [] })
    for (const image of [whole, lost, failed, early]) {
      await shown(image, ({ thumbhash }) => thumbhash !== null)
    }
    assert.deepInclude(await repair(), { looked: 4, broken: 0, repaired: 0 })
  })

  test('are repaired from where it was broken off; what cannot be made is told', async ({
    assert,
  }) => {
    const [first, second] = [await upload(55), await upload(56)]
    await rm(await objectPath(second))
    let asked = 0
    const nothing = await repair({ stopped: () => (asked += 1) > 0 })
    assert.deepInclude(nothing, { looked: 0, lastId: 0 })

    const rest = await repair({ after: first.id })
    assert.deepInclude(rest, { looked: 1, broken: 1, repaired: 0, lastId: second.id })
    assert.deepEqual(
      rest.failed.map(({ imageId }) => imageId),
      [second.id]
    )
  })
})
