import type { EventData, EventType } from '#domain/catalogue'
import type { Facts } from '#domain/audit/rules'
import type { Told } from '#domain/audit/tell'
import type { NewEvent } from '#event_store/port'
import { removalData, uploadData, uploaded } from '#tests/helpers/events'

/** What happened to a thing, and what the audit log tells of the last of it; `null`: no entry. */
export interface AuditCase {
  stream: string
  events: NewEvent[]
  told: Told | null
}

const NOON = '2026-06-01T12:00:00.000Z'

const IMAGE = uploaded(7, { origin_name: 'sea.jpg', album_id: 3 })
const REMOVED = {
  key: IMAGE.data.key,
  owner_id: 1,
  album_id: 3,
  strategy_id: 1,
  size_bytes: 1000,
}

const ACCOUNT: NewEvent = {
  type: 'account.registered',
  data: {
    account_id: 1,
    email: 'ann@example.org',
    name: 'Ann',
    role: 'user',
    group_id: 1,
    capacity_bytes: 1024,
    email_verified: false,
    origin: 'registration',
  },
}
const SHARED: NewEvent = {
  type: 'image.shared',
  data: { image_id: 7, owner_id: 1, share_id: 12, expires_at: NOON, max_views: 3 },
}
const MOVED: NewEvent = {
  type: 'image.object_moved',
  data: {
    image_id: 7,
    sha256: IMAGE.data.sha256,
    from_strategy_id: 1,
    from_object_key: IMAGE.data.object_key,
    to_strategy_id: 2,
    to_object_key: 'x/y.jpg',
    names_object: true,
  },
}
const ARCHIVE = { strategy_id: 1, object_key: 'exports/1.zip' }
const IMPORT_WISHES = { album_id: null, permission: 0 as const, expires_in: null, strategy_id: 1 }
const IMPORT: NewEvent = {
  type: 'image_import.requested',
  data: {
    import_id: 8,
    owner_id: 1,
    url: 'https://example.org/sea.jpg',
    wishes: IMPORT_WISHES,
  },
}
const ALBUM: NewEvent = {
  type: 'album.created',
  data: { album_id: 3, owner_id: 1, name: 'Holidays', intro: 'By the sea' },
}
const RENAMED: NewEvent = {
  type: 'album.changed',
  data: { album_id: 3, owner_id: 1, name: 'Winter', intro: 'By the sea' },
}
const TOKEN: NewEvent = {
  type: 'api_token.created',
  data: { token_id: 5, account_id: 1, name: 'laptop', scopes: ['read'], expires_at: NOON },
}
const GROUP: NewEvent = {
  type: 'group.created',
  data: {
    group_id: 100,
    name: 'Staff',
    is_default: false,
    is_guest: false,
    configs: { limit_per_day: 10 },
    strategy_ids: [1],
  },
}
const REGROUPED: NewEvent = {
  type: 'group.strategies_changed',
  data: { group_id: 100, strategy_ids: [1, 2] },
}
const STRATEGY: NewEvent = {
  type: 'strategy.created',
  data: {
    strategy_id: 100,
    name: 'Bucket',
    strategy_type: 's3',
    configs: { bucket: 'pictures' },
  },
}

function image(
  event: NewEvent,
  before: Told['details']['before'],
  after: Told['details']['after']
) {
  return {
    stream: 'image-7',
    events: [IMAGE, event],
    told: { name: 'sea.jpg', details: { before, after } },
  }
}

function account(
  event: NewEvent,
  details: Partial<Told['details']> = {},
  past: NewEvent[] = []
): AuditCase {
  return {
    stream: 'account-1',
    events: [ACCOUNT, ...past, event],
    told: { name: null, details: { before: null, after: null, ...details } },
  }
}

/** An act that is not worth an entry. */
function untold(stream: string, ...events: NewEvent[]): AuditCase {
  return { stream, events, told: null }
}

/** What was done to the site's own machinery. */
function upkeep(stream: string, event: NewEvent, about: Facts = {}): AuditCase {
  return {
    stream,
    events: [event],
    told: { name: null, details: { before: null, after: null, ...about } },
  }
}

function settings(value: EventData<'account.settings_changed'>['settings']): NewEvent {
  return { type: 'account.settings_changed', data: { account_id: 1, settings: value } }
}

/** One of each type of event that there is. */
export const AUDIT_CASES: Readonly<Record<EventType, AuditCase>> = {
  'image.uploaded': {
    stream: 'image-7',
    events: [IMAGE],
    told: {
      name: 'sea.jpg',
      details: {
        before: null,
        after: {
          ...REMOVED,
          origin_name: 'sea.jpg',
          mimetype: 'image/jpeg',
          width: 640,
          height: 480,
          permission: 1,
          expires_at: null,
        },
      },
    },
  },
  'image.moved_to_album': image(
    {
      type: 'image.moved_to_album',
      data: { image_id: 7, owner_id: 1, from_album_id: 3, to_album_id: null },
    },
    { album_id: 3 },
    { album_id: null }
  ),
  'image.permission_changed': image(
    { type: 'image.permission_changed', data: { image_id: 7, from: 1, to: 0 } },
    { permission: 1 },
    { permission: 0 }
  ),
  'image.expiry_changed': image(
    { type: 'image.expiry_changed', data: { image_id: 7, from: null, to: NOON } },
    { expires_at: null },
    { expires_at: NOON }
  ),
  'image.deleted': image({ type: 'image.deleted', data: removalData(IMAGE.data) }, REMOVED, null),
  'image.restored': image({ type: 'image.restored', data: removalData(IMAGE.data) }, null, REMOVED),
  'image.purged': image({ type: 'image.purged', data: removalData(IMAGE.data) }, REMOVED, null),
  'image.object_removed': {
    stream: 'image-7',
    events: [
      IMAGE,
      {
        type: 'image.object_removed',
        data: { image_id: 7, strategy_id: 1, object_key: 'x', sha256: null },
      },
    ],
    told: null,
  },
  'image.object_moved': { stream: 'image-7', events: [IMAGE, MOVED], told: null },
  'image.shared': image(SHARED, null, {
    share_id: 12,
    share_expires_at: NOON,
    share_max_views: 3,
  }),
  'image.shares_revoked': {
    stream: 'image-7',
    events: [
      IMAGE,
      SHARED,
      {
        type: 'image.shares_revoked',
        data: { image_id: 7, share_ids: [12], reason: 'image_rejected' },
      },
    ],
    told: {
      name: 'sea.jpg',
      details: { before: { share_ids: [12] }, after: null, reason: 'image_rejected' },
    },
  },
  'image_import.requested': {
    stream: 'image_import-8',
    events: [IMPORT],
    told: {
      name: null,
      details: {
        before: null,
        after: { url: 'https://example.org/sea.jpg', owner_id: 1, ...IMPORT_WISHES },
      },
    },
  },
  'image_import.completed': {
    stream: 'image_import-8',
    events: [IMPORT, { type: 'image_import.completed', data: { import_id: 8, key: 'abc123' } }],
    told: null,
  },
  'image_import.failed': {
    stream: 'image_import-8',
    events: [
      IMPORT,
      { type: 'image_import.failed', data: { import_id: 8, code: 'E_NOT_AN_IMAGE' } },
    ],
    told: { name: null, details: { before: null, after: null, code: 'E_NOT_AN_IMAGE' } },
  },
  'share.viewed': {
    stream: 'share-12',
    events: [{ type: 'share.viewed', data: { share_id: 12, views: 2 } }],
    told: null,
  },
  'image.expired': image({ type: 'image.expired', data: removalData(IMAGE.data) }, REMOVED, null),
  'image.thumbnail_generated': {
    stream: 'image-7',
    events: [
      IMAGE,
      {
        type: 'image.thumbnail_generated',
        data: {
          image_id: 7,
          md5: uploadData(7).md5,
          object_key: 'x',
          mimetype: 'image/webp',
          size_bytes: 1,
          width: 1,
          height: 1,
          thumbhash: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w',
        },
      },
    ],
    told: null,
  },
  'image.thumbnail_failed': {
    stream: 'image-7',
    events: [IMAGE, { type: 'image.thumbnail_failed', data: { image_id: 7, reason: 'damaged' } }],
    told: null,
  },
  'image.held_for_moderation': image(
    { type: 'image.held_for_moderation', data: { image_id: 7 } },
    null,
    { moderation_status: 'pending' }
  ),
  'image.approved': image(
    { type: 'image.approved', data: { image_id: 7, from: 'rejected' } },
    { moderation_status: 'rejected' },
    { moderation_status: 'approved' }
  ),
  'image.rejected': {
    stream: 'image-7',
    events: [
      IMAGE,
      { type: 'image.rejected', data: { image_id: 7, from: 'pending', reason: 'Not ours' } },
    ],
    told: {
      name: 'sea.jpg',
      details: {
        before: { moderation_status: 'pending' },
        after: { moderation_status: 'rejected' },
        reason: 'Not ours',
      },
    },
  },

  'album.created': {
    stream: 'album-3',
    events: [ALBUM],
    told: {
      name: 'Holidays',
      details: {
        before: null,
        after: { name: 'Holidays', intro: 'By the sea', owner_id: 1 },
      },
    },
  },
  'album.changed': {
    stream: 'album-3',
    events: [ALBUM, RENAMED],
    told: {
      name: 'Winter',
      details: { before: { name: 'Holidays' }, after: { name: 'Winter' } },
    },
  },
  'album.deleted': {
    stream: 'album-3',
    events: [ALBUM, RENAMED, { type: 'album.deleted', data: { album_id: 3, owner_id: 1 } }],
    told: {
      name: 'Winter',
      details: { before: { name: 'Winter', intro: 'By the sea', owner_id: 1 }, after: null },
    },
  },

  'account.registered': {
    stream: 'account-1',
    events: [ACCOUNT],
    told: {
      name: null,
      details: {
        before: null,
        after: {
          email: 'ann@example.org',
          name: 'Ann',
          role: 'user',
          group_id: 1,
          capacity_bytes: 1024,
          email_verified: false,
        },
        origin: 'registration',
      },
    },
  },
  'account.name_changed': account(
    { type: 'account.name_changed', data: { account_id: 1, name: 'Anna' } },
    { before: { name: 'Ann' }, after: { name: 'Anna' } },
    [{ type: 'account.signed_in', data: { account_id: 1 } }]
  ),
  'account.settings_changed': account(
    settings({ default_permission: 0 }),
    {
      before: { settings: { default_permission: 1 } },
      after: { settings: { default_permission: 0 } },
    },
    [settings({}), settings({ default_permission: 1 })]
  ),
  'account.password_changed': account({
    type: 'account.password_changed',
    data: { account_id: 1 },
  }),
  'account.signed_in': account({ type: 'account.signed_in', data: { account_id: 1 } }),
  'account.sign_in_failed': account(
    { type: 'account.sign_in_failed', data: { account_id: 1, reason: 'password' } },
    { reason: 'password' }
  ),
  'account.signed_out': account({ type: 'account.signed_out', data: { account_id: 1 } }),
  'account.session_revoked': account(
    { type: 'account.session_revoked', data: { account_id: 1, reason: 'refresh_token_reused' } },
    { reason: 'refresh_token_reused' }
  ),
  'account.email_changed': account(
    {
      type: 'account.email_changed',
      data: { account_id: 1, from: 'ann@example.org', to: 'anna@example.org' },
    },
    { before: { email: 'ann@example.org' }, after: { email: 'anna@example.org' } }
  ),
  'account.email_verified': account(
    { type: 'account.email_verified', data: { account_id: 1 } },
    { before: { email_verified: false }, after: { email_verified: true } }
  ),
  'account.verification_requested': {
    stream: 'account-1',
    events: [ACCOUNT, { type: 'account.verification_requested', data: { account_id: 1 } }],
    told: null,
  },
  'account.password_reset_requested': account({
    type: 'account.password_reset_requested',
    data: { account_id: 1 },
  }),
  'account.role_changed': account(
    {
      type: 'account.role_changed',
      data: { account_id: 1, from: 'user', to: 'admin', active: true },
    },
    { before: { role: 'user' }, after: { role: 'admin' } }
  ),
  'account.group_changed': account(
    { type: 'account.group_changed', data: { account_id: 1, from: 1, to: 100 } },
    { before: { group_id: 1 }, after: { group_id: 100 } }
  ),
  'account.capacity_changed': account(
    { type: 'account.capacity_changed', data: { account_id: 1, from: 1024, to: 2048 } },
    { before: { capacity_bytes: 1024 }, after: { capacity_bytes: 2048 } }
  ),
  'account.frozen': account(
    { type: 'account.frozen', data: { account_id: 1, role: 'user' } },
    { before: { frozen: false }, after: { frozen: true } }
  ),
  'account.unfrozen': account(
    { type: 'account.unfrozen', data: { account_id: 1, role: 'user' } },
    { before: { frozen: true }, after: { frozen: false } }
  ),
  'account.deleted': account(
    {
      type: 'account.deleted',
      data: { account_id: 1, email: 'ann@example.org', role: 'user', group_id: 1, active: true },
    },
    { before: { email: 'ann@example.org', role: 'user', group_id: 1 }, after: null }
  ),
  'account.restored': account(
    {
      type: 'account.restored',
      data: {
        account_id: 1,
        email: 'ann@example.org',
        name: 'Ann',
        settings: {},
        role: 'user',
        group_id: 1,
        capacity_bytes: 1024,
        email_verified: false,
        active: true,
        registered_at: NOON,
      },
    },
    { before: null, after: { email: 'ann@example.org', role: 'user', group_id: 1 } }
  ),
  'account.forgotten': account(
    { type: 'account.forgotten', data: { account_id: 1 } },
    { before: null, after: null }
  ),
  'account.export_requested': account(
    { type: 'account.export_requested', data: { account_id: 1 } },
    { before: null, after: null }
  ),
  'account.export_made': untold('account-1', ACCOUNT, {
    type: 'account.export_made',
    data: { account_id: 1, ...ARCHIVE, size_bytes: 204813, expires_at: NOON },
  }),
  'account.export_failed': untold('account-1', ACCOUNT, {
    type: 'account.export_failed',
    data: { account_id: 1 },
  }),
  'account.export_withdrawn': untold('account-1', ACCOUNT, {
    type: 'account.export_withdrawn',
    data: { account_id: 1, ...ARCHIVE },
  }),

  'api_token.created': {
    stream: 'api_token-5',
    events: [TOKEN],
    told: {
      name: 'laptop',
      details: {
        before: null,
        after: { name: 'laptop', scopes: ['read'], expires_at: NOON, account_id: 1 },
      },
    },
  },
  'api_token.revoked': {
    stream: 'api_token-5',
    events: [TOKEN, { type: 'api_token.revoked', data: { token_id: 5, account_id: 1 } }],
    told: {
      name: 'laptop',
      details: {
        before: { name: 'laptop', scopes: ['read'], expires_at: NOON, account_id: 1 },
        after: null,
      },
    },
  },

  'group.created': {
    stream: 'group-100',
    events: [GROUP],
    told: {
      name: 'Staff',
      details: {
        before: null,
        after: {
          name: 'Staff',
          is_default: false,
          is_guest: false,
          configs: { limit_per_day: 10 },
          strategy_ids: [1],
        },
      },
    },
  },
  'group.changed': {
    stream: 'group-100',
    events: [
      GROUP,
      REGROUPED,
      { type: 'group.changed', data: { group_id: 100, name: 'Staff', configs: {} } },
    ],
    told: {
      name: 'Staff',
      details: { before: { configs: { limit_per_day: 10 } }, after: { configs: {} } },
    },
  },
  'group.strategies_changed': {
    stream: 'group-100',
    events: [GROUP, REGROUPED],
    told: {
      name: 'Staff',
      details: { before: { strategy_ids: [1] }, after: { strategy_ids: [1, 2] } },
    },
  },
  'group.deleted': {
    stream: 'group-100',
    events: [GROUP, REGROUPED, { type: 'group.deleted', data: { group_id: 100 } }],
    told: {
      name: 'Staff',
      details: {
        before: { name: 'Staff', configs: { limit_per_day: 10 }, strategy_ids: [1, 2] },
        after: null,
      },
    },
  },

  'strategy.created': {
    stream: 'strategy-100',
    events: [STRATEGY],
    told: {
      name: 'Bucket',
      details: {
        before: null,
        after: { name: 'Bucket', strategy_type: 's3', configs: { bucket: 'pictures' } },
      },
    },
  },
  'strategy.changed': {
    stream: 'strategy-100',
    events: [
      STRATEGY,
      {
        type: 'strategy.changed',
        data: {
          strategy_id: 100,
          name: 'Bucket',
          configs: { bucket: 'photos' },
          secrets_changed: ['secret_key'],
        },
      },
    ],
    told: {
      name: 'Bucket',
      details: {
        before: { configs: { bucket: 'pictures' } },
        after: { configs: { bucket: 'photos' } },
        secrets_changed: ['secret_key'],
      },
    },
  },
  'strategy.deleted': {
    stream: 'strategy-100',
    events: [STRATEGY, { type: 'strategy.deleted', data: { strategy_id: 100 } }],
    told: {
      name: 'Bucket',
      details: {
        before: { name: 'Bucket', strategy_type: 's3', configs: { bucket: 'pictures' } },
        after: null,
      },
    },
  },

  'site.settings_changed': {
    stream: 'site',
    events: [
      { type: 'site.settings_changed', data: { changes: { app_name: 'A', footer_text_1: 'x' } } },
      { type: 'site.settings_changed', data: { changes: { app_name: 'B' } } },
      {
        type: 'site.settings_changed',
        data: { changes: { app_name: 'C', footer_text_1: 'y', favicon_url: '/f.png' } },
      },
    ],
    told: {
      name: null,
      details: {
        before: { app_name: 'B', footer_text_1: 'x', favicon_url: '' },
        after: { app_name: 'C', footer_text_1: 'y', favicon_url: '/f.png' },
      },
    },
  },
  'site.default_group_changed': {
    stream: 'site',
    events: [{ type: 'site.default_group_changed', data: { from: 1, to: 100 } }],
    told: {
      name: null,
      details: { before: { default_group_id: 1 }, after: { default_group_id: 100 } },
    },
  },
  'site.guest_group_changed': {
    stream: 'site',
    events: [{ type: 'site.guest_group_changed', data: { from: 2, to: 101 } }],
    told: {
      name: null,
      details: { before: { guest_group_id: 2 }, after: { guest_group_id: 101 } },
    },
  },

  'projection.rebuild_requested': upkeep(
    'projection-images',
    {
      type: 'projection.rebuild_requested',
      data: { projection: 'images', gate: true, dry_run: false },
    },
    { gate: true, dry_run: false }
  ),
  'projection.rebuilt': upkeep(
    'projection-images',
    {
      type: 'projection.rebuilt',
      data: { projection: 'images', position: 9, differing_rows: 0, switched: true },
    },
    { position: 9, differing_rows: 0, switched: true }
  ),
  'projection.rebuild_failed': upkeep('projection-images', {
    type: 'projection.rebuild_failed',
    data: { projection: 'images' },
  }),
  'projection.retry_requested': upkeep(
    'projection-images',
    {
      type: 'projection.retry_requested',
      data: { projection: 'images', stream: 'image-7' },
    },
    { stream: 'image-7' }
  ),
  'queue.retry_requested': upkeep(
    'queue-mail',
    { type: 'queue.retry_requested', data: { queue: 'mail', reaction: 'mail-1' } },
    { reaction: 'mail-1' }
  ),
  'queue.replayed': upkeep(
    'queue-mail',
    {
      type: 'queue.replayed',
      data: { queue: 'mail', from_position: 1, to_position: 9, reactions: 2 },
    },
    { from_position: 1, to_position: 9, reactions: 2 }
  ),

  'visitor.sign_in_failed': {
    stream: 'visitor-20260601',
    events: [{ type: 'visitor.sign_in_failed', data: { reason: 'unknown_account' } }],
    told: {
      name: null,
      details: { before: null, after: null, reason: 'unknown_account' },
    },
  },
}
