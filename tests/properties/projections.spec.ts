import fc from 'fast-check'
import { test } from '@japa/runner'
import type { NewEvent, RecordedEvent } from '#event_store/port'
import { InMemoryEventStore } from '#event_store/in_memory_event_store'
import type { AnyProjection, Row, RowKey } from '#projections/projection'
import { projections } from '#projections/registry'
import { RowSet } from '#projections/row_set'
import { verify } from '#projections/verify'
import { rebuildOne } from '#tests/helpers/rebuild_one'
import { uploadData } from '#tests/helpers/events'
import { removalData } from '#tests/projections/removal'
import { appendAll, openStage } from '#tests/projections/stage'

const id = fc.integer({ min: 1, max: 4 })
const albumId = fc.option(id)
const ownerId = fc.option(fc.integer({ min: 1, max: 2 }))
const text = fc.string({ minLength: 1, maxLength: 8 }).filter((value) => !value.includes('\0'))
const moment = fc.option(
  fc.date({ min: new Date('2030-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
)

function removalOf(imageId: number, owner: number | null, album: number | null) {
  return removalData(imageId, { owner_id: owner, album_id: album })
}

/** Events in any order, sensible or not: a fold must give the same rows of any log. */
const anyEvent: fc.Arbitrary<NewEvent> = fc.oneof(
  fc.record({ id, ownerId, albumId, text, moment }).map((given): NewEvent => ({
    type: 'image.uploaded',
    data: uploadData(given.id, {
      owner_id: given.ownerId,
      album_id: given.albumId,
      origin_name: given.text,
      expires_at: given.moment?.toISOString() ?? null,
    }),
  })),
  fc.record({ id, ownerId, from: albumId, to: albumId }).map((given): NewEvent => ({
    type: 'image.moved_to_album',
    data: {
      image_id: given.id,
      owner_id: given.ownerId,
      from_album_id: given.from,
      to_album_id: given.to,
    },
  })),
  fc
    .tuple(id, ownerId, albumId)
    .map((given): NewEvent => ({ type: 'image.deleted', data: removalOf(...given) })),
  fc
    .tuple(id, ownerId, albumId)
    .map((given): NewEvent => ({ type: 'image.expired', data: removalOf(...given) })),
  id.map((image): NewEvent => ({
    type: 'image.thumbnail_failed',
    data: { image_id: image, reason: 'broken' },
  })),
  fc.tuple(id, text).map(([album, name]): NewEvent => ({
    type: 'album.created',
    data: { album_id: album, owner_id: 1, name, intro: '' },
  })),
  fc.tuple(id, text).map(([album, name]): NewEvent => ({
    type: 'album.changed',
    data: { album_id: album, owner_id: 1, name, intro: name },
  })),
  id.map((album): NewEvent => ({
    type: 'album.deleted',
    data: { album_id: album, owner_id: 1 },
  })),
  fc.tuple(id, text).map(([account, name]): NewEvent => ({
    type: 'account.registered',
    data: {
      account_id: account,
      email: `${account}@example.org`,
      name,
      role: 'user',
      group_id: 1,
      capacity_bytes: 0,
      email_verified: false,
      origin: 'registration',
    },
  })),
  fc
    .tuple(id, fc.dictionary(text, fc.oneof(text, fc.integer(), fc.constant(null))))
    .map(([account, settings]): NewEvent => ({
      type: 'account.settings_changed',
      data: { account_id: account, settings },
    })),
  fc
    .tuple(id, fc.subarray(['read', 'write'] as const, { minLength: 1 }))
    .map(([token, scopes]): NewEvent => ({
      type: 'api_token.created',
      data: { token_id: token, account_id: 1, name: 'CLI', scopes, expires_at: null },
    })),
  id.map((token): NewEvent => ({
    type: 'api_token.revoked',
    data: { token_id: token, account_id: 1 },
  })),
  fc.tuple(id, id).map(([image, share]): NewEvent => ({
    type: 'image.shared',
    data: {
      image_id: image,
      owner_id: 1,
      share_id: share,
      expires_at: '2026-07-01T12:00:00.000Z',
      max_views: share,
    },
  })),
  fc.tuple(id, fc.array(id, { minLength: 1 })).map(([image, shares]): NewEvent => ({
    type: 'image.shares_revoked',
    data: { image_id: image, share_ids: shares, reason: 'requested' },
  })),
  fc.tuple(id, id).map(([share, views]): NewEvent => ({
    type: 'share.viewed',
    data: { share_id: share, views },
  })),
  fc.tuple(id, fc.array(id)).map(([group, strategyIds]): NewEvent => ({
    type: 'group.strategies_changed',
    data: { group_id: group, strategy_ids: strategyIds },
  })),
  fc.tuple(id, text).map(([group, name]): NewEvent => ({
    type: 'group.created',
    data: {
      group_id: group,
      name,
      is_default: false,
      is_guest: false,
      configs: { [name]: name },
      strategy_ids: [],
    },
  })),
  id.map((image): NewEvent => ({
    type: 'image.held_for_moderation',
    data: { image_id: image },
  })),
  fc.tuple(id, fc.option(text)).map(([image, reason]): NewEvent => ({
    type: 'image.rejected',
    data: { image_id: image, from: 'pending', reason },
  })),
  id.map((image): NewEvent => ({
    type: 'image.approved',
    data: { image_id: image, from: 'pending' },
  })),
  fc
    .tuple(id, fc.constantFrom('account.frozen' as const, 'account.unfrozen' as const))
    .map(([account, type]): NewEvent => ({ type, data: { account_id: account, role: 'user' } })),
  fc.tuple(id, id, id).map(([account, from, to]): NewEvent => ({
    type: 'account.group_changed',
    data: { account_id: account, from, to },
  })),
  id.map((account): NewEvent => ({
    type: 'account.deleted',
    data: { account_id: account, email: null, role: 'user', group_id: 1, active: true },
  })),
  fc.tuple(id, text).map(([account, name]): NewEvent => ({
    type: 'account.restored',
    data: {
      account_id: account,
      email: null,
      name,
      settings: { [name]: name },
      role: 'user',
      group_id: 1,
      capacity_bytes: 1,
      email_verified: true,
      active: false,
      registered_at: '2026-01-31T12:00:00.000Z',
    },
  })),
  id.map((account): NewEvent => ({ type: 'account.forgotten', data: { account_id: account } })),
  fc
    .tuple(
      id,
      id,
      fc.constantFrom('site.default_group_changed' as const, 'site.guest_group_changed' as const)
    )
    .map(([from, to, type]): NewEvent => ({ type, data: { from, to } })),
  id.map((group): NewEvent => ({ type: 'group.deleted', data: { group_id: group } })),
  fc.tuple(id, text).map(([strategy, name]): NewEvent => ({
    type: 'strategy.created',
    data: { strategy_id: strategy, name, strategy_type: 's3', configs: { bucket: name } },
  })),
  fc.tuple(id, text).map(([strategy, name]): NewEvent => ({
    type: 'strategy.changed',
    data: { strategy_id: strategy, name, configs: { bucket: name }, secrets_changed: [] },
  })),
  id.map((strategy): NewEvent => ({
    type: 'strategy.deleted',
    data: { strategy_id: strategy },
  })),
  fc.dictionary(text, text).map((changes): NewEvent => ({
    type: 'site.settings_changed',
    data: { changes },
  }))
)

const log = fc.array(anyEvent, { maxLength: 60 })

/** Folds in memory, each batch loading just the rows that its events name. */
function foldInBatches(
  projection: AnyProjection,
  events: readonly RecordedEvent[],
  batchSize: number
): Row[] {
  const stored = new Map<RowKey, Row>()
  for (let start = 0; start < events.length; start += batchSize) {
    const batch = events.slice(start, start + batchSize)
    const wanted = new Set(batch.flatMap((event) => [...projection.keys(event)]))
    const rows = new RowSet(
      projection.table.key,
      [...stored].filter(([key]) => wanted.has(key))
    )
    for (const event of batch) {
      rows.attempt(projection.keys(event), () => projection.apply(rows, event))
    }
    const { written, removed } = rows.changes()
    removed.forEach((key) => stored.delete(key))
    written.forEach((row) => stored.set(row[projection.table.key] as RowKey, row))
  }
  return [...stored.entries()].sort(([a], [b]) => Number(a) - Number(b)).map(([, row]) => row)
}

test.group('Properties of projections', () => {
  test('the rows do not depend on how the log is cut into batches', async ({ assert }) => {
    await fc.assert(
      fc.asyncProperty(log, fc.integer({ min: 2, max: 60 }), async (events, batchSize) => {
        const store = new InMemoryEventStore()
        await appendAll(store, events)
        const recorded = await store.readAll({ after: 0, limit: events.length + 1 })
        for (const projection of projections) {
          assert.deepEqual(
            foldInBatches(projection, recorded, batchSize),
            foldInBatches(projection, recorded, 1),
            projection.name
          )
        }
      }),
      { numRuns: 100 }
    )
  })

  test('the live rows, a scratch copy and a rebuilt one are the same', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it)
    await fc.assert(
      fc.asyncProperty(log, fc.integer({ min: 1, max: 20 }), async (events, batchSize) => {
        const runtime = stage.run({ batchSize })
        await stage.append(...events)
        await stage.reached((await stage.store.head()).position)
        await runtime.stop()
        for (const projection of projections) {
          const options = { connectionString: stage.url, eventStore: stage.store, projection }
          const [verified] = await verify({ ...options, projections: [projection] })
          assert.containSubset(verified, { difference: { count: 0 }, refused: [] })
          const rebuilt = await rebuildOne({ ...options, gate: true, batchSize, mostRows: 3 })
          assert.deepEqual([rebuilt.difference?.count, rebuilt.switched], [0, true])
        }
      }),
      { numRuns: 5 }
    )
  }).timeout(60_000)
})
