import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type { ImageJson } from '#tests/helpers/api'
import { EventStoreDbServer } from '#tests/helpers/eventstoredb/server'
import { startWorker } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer } from '#tests/helpers/web_server'

test.group('A site whose log is in EventStoreDB', () => {
  test('takes an image, lists it, makes its thumbnail and tells its history', async ({
    assert,
    cleanup,
  }) => {
    const eventStoreDb = await EventStoreDbServer.start()
    const server = await startWebServer({ EVENTSTORE_URL: eventStoreDb.url })
    const worker = startWorker(server.services.config)
    cleanup(async () => {
      await worker.stop()
      await server.stop()
      await eventStoreDb.stop()
    })
    const admin = await server.setUp()
    const { data: image } = await admin.upload(await plainPng(40, 30), 'a.png')
    const list = await admin.get<{ items: ImageJson[] }>('/api/v1/images')
    assert.deepEqual(
      list.data.items.map(({ key }) => key),
      [image.key]
    )
    const stream = eventStoreDb.log.all.find(({ type }) => type === 'image.uploaded')?.stream ?? ''
    await waitFor(
      () =>
        eventStoreDb.log.stream(stream)?.some(({ type }) => type === 'image.thumbnail_generated'),
      { what: 'the thumbnail', timeoutMs: 30_000 }
    )
    // Answers are made of the copy of that log, which has an event a moment later.
    const types = async () => {
      const { data } = await admin.get<{ items: Array<{ type: string }> }>(
        `/api/v1/images/${image.key}/history`
      )
      return data.items.map(({ type }) => type)
    }
    await waitFor(async () => (await types()).includes('image.thumbnail_generated'), {
      what: 'the history to tell of the thumbnail',
    })
    assert.include(await types(), 'image.uploaded')
    const thumbnail = await server.api.get(new URL(image.links.thumbnail_url).pathname)
    assert.equal(thumbnail.status, 200)
    assert.isTrue(eventStoreDb.log.all.every((event) => event.stream.startsWith('picfast.')))
  }).timeout(60_000)
})
