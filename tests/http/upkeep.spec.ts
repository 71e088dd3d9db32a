import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import type {
  ApiClient,
  DeadWorkJson,
  ImageJson,
  ParkedStreamJson,
  ProjectionJson,
  QueueJson,
} from '#tests/helpers/api'
import { startWorker, type SiteProcess } from '#tests/helpers/site_process'
import { waitFor } from '#tests/helpers/wait_for'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const PROJECTIONS = '/api/v1/admin/projections'
const QUEUES = '/api/v1/admin/queues'

interface List<Item> {
  items: Item[]
  next_cursor: string | null
}

test.group('Upkeep of read models and queues', (group) => {
  group.each.timeout(60_000)
  let server: TestWebServer
  let admin: ApiClient
  let workers: SiteProcess[]

  group.each.setup(async () => {
    server = await startWebServer()
    admin = await server.setUp()
    workers = []
    return async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
      await server.stop()
    }
  })

  const startWorking = () => {
    const worker = startWorker(server.services.config)
    workers.push(worker)
    return worker
  }
  const projection = async (name: string) => {
    const { data } = await admin.get<List<ProjectionJson>>(PROJECTIONS)
    return data.items.find((one) => one.name === name)
  }
  /** The events of a stream of upkeep, once there are so many. */
  const told = (stream: string, number: number, timeoutMs = 20_000) =>
    waitFor(
      async () => {
        const events = await server.services.eventStore.readStream(stream)
        return events.length >= number ? events : null
      },
      { what: `${number} events of ${stream}`, timeoutMs }
    )

  test('a read model is rebuilt by a worker, one rebuild at a time', async ({ assert }) => {
    await admin.upload(await plainPng())
    assert.containSubset(await projection('images'), {
      lag: 0,
      parked_streams: 0,
      rebuilding: false,
      rebuild: null,
      can_roll_back: false,
    })
    assert.equal((await admin.post(`${PROJECTIONS}/images/rebuild`)).status, 202)
    assert.equal((await admin.post(`${PROJECTIONS}/images/rebuild`)).status, 409)
    assert.equal((await admin.post(`${PROJECTIONS}/pictures/rebuild`)).status, 404)

    startWorking()
    const [requested, rebuilt] = await told('projection-images', 2)
    assert.equal(requested?.metadata.actor.kind, 'account', 'the log says who asked')
    assert.equal(rebuilt?.type, 'projection.rebuilt')
    assert.containSubset(rebuilt?.data, { differing_rows: 0, switched: true })
    await waitFor(async () => (await projection('images'))?.rebuild === null, {
      what: 'the progress to be gone',
    })
    assert.isTrue((await projection('images'))?.can_roll_back)
    const { data } = await admin.get<{ total: number }>('/api/v1/images')
    assert.equal(data.total, 1)
  })

  test('what differs does not serve unless it is wanted to', async ({ assert }) => {
    const { data: image } = await admin.upload(await plainPng())
    const { pool } = server.services
    await pool.query(`update read.images set origin_name = 'tampered.png'`)
    startWorking()
    await admin.post(`${PROJECTIONS}/images/rebuild`)
    const [, gated] = await told('projection-images', 2)
    assert.containSubset(gated?.data, { differing_rows: 2, switched: false })
    const nameOf = async () =>
      (await admin.get<ImageJson>(`/api/v1/images/${image.key}`)).data.origin_name
    assert.equal(await nameOf(), 'tampered.png')

    await admin.post(`${PROJECTIONS}/images/rebuild`, { json: { gate: false } })
    const [, , , forced] = await told('projection-images', 4)
    assert.containSubset(forced?.data, { differing_rows: 2, switched: true })
    assert.equal(await nameOf(), image.origin_name)
  })

  test('a rebuild survives the worker that did it', async ({ assert }) => {
    await admin.upload(await plainPng())
    const holder = new pg.Client({ connectionString: server.services.config.databaseUrl })
    await holder.connect()
    await holder.query('begin')
    await holder.query(`lock table read.images in access share mode`)
    const worker = startWorking()
    await admin.post(`${PROJECTIONS}/images/rebuild`)
    await waitFor(async () => (await projection('images'))?.rebuild?.phase === 'switch', {
      what: 'it to be ready to switch',
      timeoutMs: 20_000,
    })
    await worker.kill()
    await holder.query('rollback')
    await holder.end()
    startWorking()
    const [, rebuilt] = await told('projection-images', 2, 100_000)
    assert.containSubset(rebuilt?.data, { switched: true })
  }).timeout(120_000)

  test('parked streams are listed a page at a time, and folded again', async ({ assert }) => {
    const images = [
      await admin.upload(await plainPng(20, 20)),
      await admin.upload(await plainPng(21, 20)),
      await admin.upload(await plainPng(22, 20)),
    ].map(({ data }) => data)
    await server.pauseReadModels()
    const { pool, eventStore } = server.services
    for (const { id } of images) {
      const [uploaded] = await eventStore.readStream(`image-${id}`)
      await pool.query('delete from read.images where image_id = $1', [id])
      await pool.query(
        `insert into run.parked_events (projection, slot, position, partition_key, error)
         values ('images', 'live', $1, $2, 'Error: poison')`,
        [uploaded?.position, `image-${id}`]
      )
    }
    server.resumeReadModels()

    const seen: ParkedStreamJson[] = []
    for (let cursor = ''; ;) {
      const { data } = await admin.get<List<ParkedStreamJson>>(
        `${PROJECTIONS}/parked?page_size=2${cursor}`
      )
      seen.push(...data.items)
      if (data.next_cursor === null) {
        break
      }
      cursor = `&cursor=${data.next_cursor}`
    }
    assert.deepEqual(
      seen.map(({ stream }) => stream),
      images.map(({ id }) => `image-${id}`)
    )
    assert.containSubset(seen[0], { projection: 'images', error: 'Error: poison', waiting: 1 })
    assert.equal((await projection('images'))?.parked_streams, 3)
    assert.equal((await admin.get(`${PROJECTIONS}/parked?cursor=nonsense`)).status, 400)

    startWorking()
    const retry = (json: object) => admin.post(`${PROJECTIONS}/parked/retry`, { json })
    assert.equal((await retry({ projection: 'pictures' })).status, 400)
    const [first] = images
    assert.equal((await retry({ projection: 'images', stream: `image-${first?.id}` })).status, 202)
    const parked = (number: number) =>
      waitFor(async () => (await projection('images'))?.parked_streams === number, {
        what: `${number} to be left`,
        timeoutMs: 20_000,
      })
    await parked(2)
    assert.equal((await admin.get(`/api/v1/images/${first?.key}`)).status, 200)
    assert.equal((await retry({ projection: 'images' })).status, 202)
    await parked(0)
    assert.equal((await admin.get<{ total: number }>('/api/v1/images')).data.total, 3)
  })

  test('work that was given up is listed a page at a time, and owed again', async ({ assert }) => {
    const { pool, eventStore } = server.services
    const { position } = await eventStore.head()
    const ids = Array.from({ length: 5 }, () => `expiry-${randomUUID()}`)
    for (const [index, id] of ids.entries()) {
      await pool.query(
        `insert into run.job_ledger
           (reaction_key, queue, event_id, event_position, payload, run_at, state, attempt, settled_at, last_error)
         values ($1, 'expiry', $2, $3, '{"image_id": 1}', now(), 'dead', 20, now() - make_interval(mins => $4), 'no luck')`,
        [id, randomUUID(), position, Math.floor(index / 2)]
      )
    }
    const seen: string[] = []
    for (let cursor = ''; ;) {
      const { data } = await admin.get<List<DeadWorkJson>>(`${QUEUES}/dead?page_size=2${cursor}`)
      seen.push(...data.items.map(({ id }) => id))
      if (data.next_cursor === null) {
        break
      }
      cursor = `&cursor=${data.next_cursor}`
    }
    assert.sameMembers(seen, ids)
    assert.lengthOf(seen, ids.length)
    const ofMail = await admin.get<List<DeadWorkJson>>(`${QUEUES}/dead?queue=mail`)
    assert.isEmpty(ofMail.data.items)
    assert.equal((await admin.get(`${QUEUES}/dead?queue=post`)).status, 400)

    const queue = async () => {
      const { data } = await admin.get<List<QueueJson>>(QUEUES)
      return data.items.find(({ name }) => name === 'expiry')
    }
    assert.containSubset(await queue(), { dead: 5, owed: 0, depth: 0 })

    const retry = (json?: object) =>
      admin.post<{ revived: number }>(`${QUEUES}/expiry/retry`, { json })
    assert.equal((await retry({ id: 'expiry-of-nothing' })).status, 404)
    assert.equal((await admin.post(`${QUEUES}/post/retry`)).status, 404)
    assert.deepEqual((await retry({ id: ids[0] })).data, { revived: 1 })
    assert.containSubset(await queue(), { dead: 4, owed: 1 })
    assert.deepEqual((await retry()).data, { revived: 4 })
    assert.containSubset(await queue(), { dead: 0, owed: 5 })
    const events = await eventStore.readStream('queue-expiry')
    assert.deepEqual(
      events.map(({ data }) => data),
      [
        { queue: 'expiry', reaction: ids[0] ?? '' },
        { queue: 'expiry', reaction: null },
      ]
    )
    assert.equal(events[0]?.metadata.actor.kind, 'account')
  })
})
