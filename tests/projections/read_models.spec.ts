import { test } from '@japa/runner'
import type { NewEvent } from '#event_store/port'
import { uploaded, uploadData } from '#tests/helpers/events'
import { removalData } from './removal.ts'
import { openStage, type Stage } from './stage.ts'

const ALBUM = {
  type: 'album.created',
  data: { album_id: 5, owner_id: 1, name: 'Sea', intro: '' },
} satisfies NewEvent

async function project(stage: Stage, ...events: NewEvent[]) {
  const runtime = stage.run()
  await stage.reached(await stage.append(...events))
  await runtime.stop()
}

test.group('Read models', () => {
  test('images follow their events and go when they are removed', async ({ assert, test: it }) => {
    const stage = await openStage(it)
    await project(
      stage,
      uploaded(1, { expires_at: '2031-01-01T00:00:00.000Z' }),
      uploaded(2),
      uploaded(3),
      uploaded(4),
      {
        type: 'image.moved_to_album',
        data: { image_id: 1, owner_id: 1, from_album_id: null, to_album_id: 5 },
      },
      { type: 'image.permission_changed', data: { image_id: 1, from: 1, to: 0 } },
      {
        type: 'image.expiry_changed',
        data: { image_id: 1, from: '2031-01-01T00:00:00.000Z', to: '2032-01-01T00:00:00.500Z' },
      },
      {
        type: 'image.thumbnail_generated',
        data: {
          image_id: 1,
          md5: uploadData(1).md5,
          object_key: 'thumbnails/1.webp',
          mimetype: 'image/webp',
          size_bytes: 10,
          width: 400,
          height: 300,
          thumbhash: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w',
        },
      },
      { type: 'image.thumbnail_failed', data: { image_id: 2, reason: 'broken' } },
      { type: 'image.deleted', data: removalData(3) },
      { type: 'image.purged', data: removalData(3) },
      { type: 'image.expired', data: removalData(4) },
      uploaded(5),
      { type: 'image.deleted', data: removalData(5) },
      uploaded(6),
      { type: 'image.deleted', data: removalData(6) },
      { type: 'image.restored', data: removalData(6) }
    )
    const events = await stage.store.readStream('image-1')
    const rows = await stage.rows('read.images')
    assert.deepEqual(
      rows.map(({ image_id }) => image_id),
      [1, 2, 5, 6]
    )
    const { processing, received_bytes: received, names_object: names, ...kept } = uploadData(1)
    assert.isTrue(names)
    assert.isAbove(received, 0)
    assert.containSubset(rows[0], {
      ...kept,
      processing_status: processing,
      album_id: 5,
      permission: 0,
      moderation_status: 'approved',
      was_moderated: false,
      expires_at: '2032-01-01T00:00:00.5+00:00',
      thumbnail_status: 'completed',
      thumbnail_key: 'thumbnails/1.webp',
      thumbnail_mimetype: 'image/webp',
    })
    const { rows: times } = await stage.pool.query<{ created_at: Date; updated_at: Date }>(
      'select created_at, updated_at from read.images where image_id = 1'
    )
    assert.equal(times[0]?.created_at.toISOString(), events[0]?.recordedAt)
    assert.equal(times[0]?.updated_at.toISOString(), events.at(-1)?.recordedAt)
    assert.containSubset(rows[1], { thumbnail_status: 'failed', thumbnail_key: null })
    assert.isNotNull(rows[2]?.['deleted_at'])
    assert.isNull(rows[3]?.['deleted_at'])
  })

  test('images wait for a moderator, are rejected with a reason and approved after all', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it)
    const held = (imageId: number): NewEvent => ({
      type: 'image.held_for_moderation',
      data: { image_id: imageId },
    })
    const rejected = (imageId: number): NewEvent => ({
      type: 'image.rejected',
      data: { image_id: imageId, from: 'pending', reason: 'Not ours' },
    })
    await project(
      stage,
      uploaded(1),
      held(1),
      uploaded(2),
      held(2),
      rejected(2),
      uploaded(3),
      held(3),
      rejected(3),
      { type: 'image.approved', data: { image_id: 3, from: 'rejected' } }
    )
    assert.containSubset(await stage.rows('read.images'), [
      { image_id: 1, moderation_status: 'pending', moderation_reason: null, was_moderated: true },
      { image_id: 2, moderation_status: 'rejected', moderation_reason: 'Not ours' },
      { image_id: 3, moderation_status: 'approved', moderation_reason: null, was_moderated: true },
    ])
  })

  test('groups change, and the roles of the default and the guest group pass on', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it)
    const group = (id: number, isDefault: boolean, isGuest: boolean): NewEvent => ({
      type: 'group.created',
      data: {
        group_id: id,
        name: `Group ${id}`,
        is_default: isDefault,
        is_guest: isGuest,
        configs: {},
        strategy_ids: [1],
      },
    })
    await project(
      stage,
      group(1, true, false),
      group(2, false, true),
      group(3, false, false),
      group(4, false, false),
      {
        type: 'group.changed',
        data: { group_id: 3, name: 'Staff', configs: { limit_per_day: 5 } },
      },
      { type: 'site.default_group_changed', data: { from: 1, to: 3 } },
      { type: 'site.guest_group_changed', data: { from: 2, to: 1 } },
      { type: 'group.deleted', data: { group_id: 4 } }
    )
    assert.containSubset(await stage.rows('read.groups'), [
      { group_id: 1, is_default: false, is_guest: true },
      { group_id: 2, is_default: false, is_guest: false },
      {
        group_id: 3,
        name: 'Staff',
        configs: { limit_per_day: 5 },
        is_default: true,
        is_guest: false,
      },
    ])
    assert.lengthOf(await stage.rows('read.groups'), 3)
  })

  test('accounts follow what administrators do with them', async ({ assert, test: it }) => {
    const stage = await openStage(it)
    const account = (id: number): NewEvent => ({
      type: 'account.registered',
      data: {
        account_id: id,
        email: `${id}@example.org`,
        name: 'Bob',
        role: 'user',
        group_id: 1,
        capacity_bytes: 5,
        email_verified: true,
        origin: 'registration',
      },
    })
    await project(
      stage,
      account(1),
      account(2),
      {
        type: 'account.email_changed',
        data: { account_id: 1, from: '1@example.org', to: 'new@example.org' },
      },
      { type: 'account.group_changed', data: { account_id: 1, from: 1, to: 3 } },
      { type: 'account.capacity_changed', data: { account_id: 1, from: 5, to: 9 } },
      {
        type: 'account.role_changed',
        data: { account_id: 1, from: 'user', to: 'admin', active: true },
      },
      { type: 'account.frozen', data: { account_id: 1, role: 'admin' } },
      {
        type: 'account.deleted',
        data: {
          account_id: 2,
          email: '2@example.org',
          role: 'user',
          group_id: 1,
          active: true,
        },
      }
    )
    const rows = await stage.rows('read.accounts')
    assert.lengthOf(rows, 1)
    assert.containSubset(rows[0], {
      account_id: 1,
      email: 'new@example.org',
      email_verified: false,
      role: 'admin',
      group_id: 3,
      capacity_bytes: 9,
      status: 0,
    })
  })

  test('a deleted account is listed until it comes back or is forgotten', async ({
    assert,
    test: it,
  }) => {
    const stage = await openStage(it)
    const deleted = (id: number): NewEvent => ({
      type: 'account.deleted',
      data: {
        account_id: id,
        email: `${id}@example.org`,
        role: 'user',
        group_id: 1,
        active: true,
      },
    })
    await project(
      stage,
      deleted(1),
      deleted(2),
      deleted(3),
      {
        type: 'account.restored',
        data: {
          account_id: 2,
          email: '2@example.org',
          name: 'Bob',
          settings: { default_permission: 0 },
          role: 'user',
          group_id: 1,
          capacity_bytes: 5,
          email_verified: true,
          active: true,
          registered_at: '2026-01-31T12:00:00.000Z',
        },
      },
      { type: 'account.forgotten', data: { account_id: 3 } }
    )
    const [left, ...others] = await stage.rows('read.deleted_accounts')
    assert.containSubset(left, { account_id: 1, email: '1@example.org', role: 'user' })
    assert.isEmpty(others)
    const [restored] = await stage.rows('read.accounts')
    assert.containSubset(restored, { account_id: 2, name: 'Bob', status: 1, capacity_bytes: 5 })
    assert.equal(
      new Date(String(restored?.['created_at'])).toISOString(),
      '2026-01-31T12:00:00.000Z'
    )
  })

  test('albums count their images', async ({ assert, test: it }) => {
    const stage = await openStage(it)
    await project(
      stage,
      ALBUM,
      { type: 'album.created', data: { album_id: 6, owner_id: 1, name: 'Old', intro: 'x' } },
      { type: 'album.created', data: { album_id: 7, owner_id: 1, name: 'Gone', intro: '' } },
      uploaded(1, { album_id: 5 }),
      uploaded(2, { album_id: 5 }),
      uploaded(3, { album_id: 5 }),
      uploaded(4, { album_id: 7 }),
      {
        type: 'image.moved_to_album',
        data: { image_id: 1, owner_id: 1, from_album_id: 5, to_album_id: 6 },
      },
      { type: 'image.deleted', data: removalData(2, { album_id: 5 }) },
      { type: 'album.changed', data: { album_id: 6, owner_id: 1, name: 'New', intro: 'y' } },
      { type: 'album.deleted', data: { album_id: 7, owner_id: 1 } },
      { type: 'image.deleted', data: removalData(4, { album_id: 7 }) }
    )
    assert.containSubset(await stage.rows('read.albums'), [
      { album_id: 5, owner_id: 1, name: 'Sea', intro: '', image_num: 1 },
      { album_id: 6, owner_id: 1, name: 'New', intro: 'y', image_num: 1 },
    ])
    assert.lengthOf(await stage.rows('read.albums'), 2)
  })

  test('usage counts bytes, images and albums, visitors together', async ({ assert, test: it }) => {
    const stage = await openStage(it)
    await project(
      stage,
      ALBUM,
      uploaded(1, { size_bytes: 70 }),
      uploaded(2, { size_bytes: 30 }),
      uploaded(3, { owner_id: null, size_bytes: 5 }),
      { type: 'image.expired', data: removalData(2, { size_bytes: 30 }) }
    )
    assert.deepEqual(await stage.rows('read.usage'), [
      { account_id: 0, used_bytes: 5, image_num: 1, album_num: 0 },
      { account_id: 1, used_bytes: 70, image_num: 1, album_num: 1 },
    ])
  })

  test('accounts take changes of name and settings', async ({ assert, test: it }) => {
    const stage = await openStage(it)
    await project(
      stage,
      {
        type: 'account.registered',
        data: {
          account_id: 1,
          email: 'ada@example.org',
          name: 'Ada',
          role: 'admin',
          group_id: 1,
          capacity_bytes: 1000,
          email_verified: true,
          origin: 'setup',
        },
      },
      { type: 'account.name_changed', data: { account_id: 1, name: 'Ada L.' } },
      {
        type: 'account.settings_changed',
        data: { account_id: 1, settings: { default_permission: 0 } },
      },
      { type: 'account.signed_in', data: { account_id: 1 } }
    )
    assert.containSubset(await stage.rows('read.accounts'), [
      {
        account_id: 1,
        email: 'ada@example.org',
        name: 'Ada L.',
        role: 'admin',
        status: 1,
        group_id: 1,
        capacity_bytes: 1000,
        settings: { default_permission: 0 },
        email_verified: true,
      },
    ])
    assert.containSubset(await stage.rows('read.usage'), [{ account_id: 1, used_bytes: 0 }])
  })

  test('API tokens are there until they are revoked', async ({ assert, test: it }) => {
    const stage = await openStage(it)
    const created = (tokenId: number): NewEvent => ({
      type: 'api_token.created',
      data: {
        token_id: tokenId,
        account_id: 1,
        name: 'CLI',
        scopes: ['read', 'write'],
        expires_at: null,
      },
    })
    await project(stage, created(1), created(2), {
      type: 'api_token.revoked',
      data: { token_id: 1, account_id: 1 },
    })
    const rows = await stage.rows('read.api_tokens')
    assert.lengthOf(rows, 1)
    assert.containSubset(rows, [
      { token_id: 2, account_id: 1, name: 'CLI', scopes: ['read', 'write'], expires_at: null },
    ])
  })

  test('shared links count their views until they are revoked', async ({ assert, test: it }) => {
    const stage = await openStage(it)
    const shared = (shareId: number): NewEvent => ({
      type: 'image.shared',
      data: {
        image_id: 7,
        owner_id: 1,
        share_id: shareId,
        expires_at: '2026-07-01T12:00:00.000Z',
        max_views: null,
      },
    })
    const viewed = (shareId: number): NewEvent => ({
      type: 'share.viewed',
      data: { share_id: shareId, views: 3 },
    })
    await project(stage, shared(1), shared(2), shared(3), viewed(2), viewed(2), {
      type: 'image.shares_revoked',
      data: { image_id: 7, share_ids: [1, 3], reason: 'image_deleted' },
    })
    await project(stage, viewed(1))
    const rows = await stage.rows('read.shares')
    assert.lengthOf(rows, 1)
    assert.containSubset(rows, [{ share_id: 2, image_id: 7, owner_id: 1, views: 6 }])
  })

  test('groups, strategies and settings take their last values', async ({ assert, test: it }) => {
    const stage = await openStage(it)
    const configs = { root: '/data', url: 'https://img.example.org' }
    await project(
      stage,
      {
        type: 'strategy.created',
        data: { strategy_id: 1, name: 'Disk', strategy_type: 'local', configs },
      },
      {
        type: 'group.created',
        data: {
          group_id: 1,
          name: 'Members',
          is_default: true,
          is_guest: false,
          configs: { maximum_file_size: 5 },
          strategy_ids: [1],
        },
      },
      { type: 'group.strategies_changed', data: { group_id: 1, strategy_ids: [1, 2] } },
      { type: 'site.settings_changed', data: { changes: { name: 'A', color: 'red' } } },
      { type: 'site.settings_changed', data: { changes: { name: 'B' } } }
    )
    assert.containSubset(await stage.rows('read.strategies'), [
      { strategy_id: 1, name: 'Disk', strategy_type: 'local', configs },
    ])
    assert.containSubset(await stage.rows('read.groups'), [
      { group_id: 1, is_default: true, configs: { maximum_file_size: 5 }, strategy_ids: [1, 2] },
    ])
    assert.containSubset(await stage.rows('read.site_settings'), [
      { id: 1, settings: { name: 'B', color: 'red' } },
    ])
  })
})
