import { test } from '@japa/runner'
import { thumbnailOf } from '#imaging/bounded_thumbnail'
import { ImagingBusyError, ImagingError } from '#imaging/errors'
import { makeThumbnail } from '#imaging/thumbnail'
import { Workshop } from '#imaging/workshop/workshop'
import { COSTLY_SVGS } from '#tests/fixtures/hostile_svgs'
import { plainPng, SVG } from '#tests/fixtures/images'
import { costOf } from '#tests/helpers/cost'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

test.group('Imaging | thumbnails of drawings', (group) => {
  group.each.timeout(120_000)
  let workshop: Workshop

  group.setup(() => {
    workshop = new Workshop({ processes: 1, waiting: 1 })
    return () => workshop.close()
  })

  const costly = () => Buffer.from(COSTLY_SVGS['filters without end']?.() ?? '')

  test('are made in the workshop, and are what they would be here', async ({ assert, cleanup }) => {
    const folder = new TemporaryFolder()
    cleanup(() => folder.remove())
    const drawing = Buffer.from(SVG)
    const here = await makeThumbnail(drawing)
    const there = await thumbnailOf(drawing, workshop)
    const ofFile = await thumbnailOf(await folder.file(drawing), workshop)
    assert.isTrue(there.bytes.equals(here.bytes))
    assert.deepEqual({ ...there, bytes: null }, { ...here, bytes: null })
    assert.isTrue(ofFile.bytes.equals(here.bytes))
  })

  test('cost this process next to nothing, and are ended when they cost too much', async ({
    assert,
  }) => {
    let error: unknown
    const { cpuSeconds } = await costOf(async () => {
      error = await thumbnailOf(costly(), workshop).catch((reason: unknown) => reason)
    })
    assert.instanceOf(error, ImagingError)
    assert.equal((error as ImagingError).code, 'E_IMAGE_TOO_SLOW')
    assert.isBelow(cpuSeconds, 0.5)
  })

  test('wait for a place, and only so many', async ({ assert }) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 4 }, () => thumbnailOf(costly(), workshop))
    )
    const busy = outcomes.filter(
      (outcome) => outcome.status === 'rejected' && outcome.reason instanceof ImagingBusyError
    )
    assert.lengthOf(busy, 2)
  })

  test('of pictures need no workshop', async ({ assert }) => {
    const closed = { run: () => Promise.reject(new Error('There is no workshop')) }
    const { width } = await thumbnailOf(await plainPng(50, 40), closed)
    assert.equal(width, 50)
  })
})
