import type { EventData, EventType } from '../catalogue.ts'
import type { Json } from '../event_definition.ts'
import { DEFAULT_SITE_SETTINGS } from '../site/settings.ts'

/** Named values of a thing, as the API names them. */
export type Facts = Record<string, Json>

/** How the events of one type are told in the audit log. */
export interface AuditRule<Data> {
  /** `uploads`: only while the site has uploads audited; `never`: not worth an entry. */
  entry: 'always' | 'uploads' | 'never'
  /** What holds since the event. */
  after?(data: Data): Facts
  /** What held before, where the event says so itself. */
  before?(data: Data): Facts
  /** The facts whose value before only earlier events of the stream know; `replaced`: those in `after`. */
  former?: 'replaced' | readonly string[]
  /** What holds until an event says otherwise. */
  initially?: Facts
  /** What else there is to say. */
  about?(data: Data): Facts
}

type AuditRules = { readonly [Type in EventType]: AuditRule<EventData<Type>> }

const NEVER = { entry: 'never' } as const
/** Something was done that changed nothing one could show. */
const DONE = { entry: 'always' } as const

const pick =
  <Name extends string>(...names: Name[]) =>
  (data: { readonly [Key in Name]: Json }): Facts =>
    Object.fromEntries(names.map((name) => [name, data[name]]))

/** An event that says of one fact what it was and what it is. */
const moved = (name: string) => ({
  entry: 'always' as const,
  before: ({ from }: { from: Json }): Facts => ({ [name]: from }),
  after: ({ to }: { to: Json }): Facts => ({ [name]: to }),
})

const imageRemoval = pick('key', 'owner_id', 'album_id', 'strategy_id', 'size_bytes')

/**
 * Every type of event, so that a new one must say how it is told. What the system does by itself for each image is
 * nobody's act, and mails that were asked for change nothing; see docs/audit.md.
 */
export const AUDIT_RULES: AuditRules = {
  'image.uploaded': {
    entry: 'uploads',
    after: pick(
      'key',
      'origin_name',
      'owner_id',
      'album_id',
      'strategy_id',
      'size_bytes',
      'mimetype',
      'width',
      'height',
      'permission',
      'expires_at'
    ),
  },
  'image.moved_to_album': {
    entry: 'always',
    before: ({ from_album_id: from }) => ({ album_id: from }),
    after: ({ to_album_id: to }) => ({ album_id: to }),
  },
  'image.permission_changed': moved('permission'),
  'image.expiry_changed': moved('expires_at'),
  'image.deleted': { entry: 'always', before: imageRemoval },
  'image.restored': { entry: 'always', after: imageRemoval },
  'image.purged': { entry: 'always', before: imageRemoval },
  'image.object_removed': NEVER,
  'image.object_moved': NEVER,
  'image.expired': { entry: 'uploads', before: imageRemoval },
  'image.thumbnail_generated': NEVER,
  'image.thumbnail_failed': NEVER,
  'image.held_for_moderation': {
    entry: 'uploads',
    after: () => ({ moderation_status: 'pending' }),
  },
  'image.approved': {
    entry: 'always',
    before: ({ from }) => ({ moderation_status: from }),
    after: () => ({ moderation_status: 'approved' }),
  },
  'image.rejected': {
    entry: 'always',
    before: ({ from }) => ({ moderation_status: from }),
    after: () => ({ moderation_status: 'rejected' }),
    about: pick('reason'),
  },

  'image.shared': {
    entry: 'always',
    after: ({ share_id: id, expires_at: end, max_views: views }) => ({
      share_id: id,
      share_expires_at: end,
      share_max_views: views,
    }),
  },
  'image.shares_revoked': { entry: 'always', before: pick('share_ids'), about: pick('reason') },
  'share.viewed': NEVER,
  'image_import.requested': {
    entry: 'uploads',
    after: ({ url, owner_id: owner, wishes }) => ({ url, owner_id: owner, ...wishes }),
  },
  // Its image has an entry of its own.
  'image_import.completed': NEVER,
  'image_import.failed': { entry: 'uploads', about: pick('code') },

  'album.created': { entry: 'always', after: pick('name', 'intro', 'owner_id') },
  'album.changed': { entry: 'always', after: pick('name', 'intro'), former: 'replaced' },
  'album.deleted': { entry: 'always', before: pick('owner_id'), former: ['name', 'intro'] },

  'account.registered': {
    entry: 'always',
    after: pick('email', 'name', 'role', 'group_id', 'capacity_bytes', 'email_verified'),
    about: pick('origin'),
  },
  'account.name_changed': { entry: 'always', after: pick('name'), former: 'replaced' },
  'account.settings_changed': { entry: 'always', after: pick('settings'), former: 'replaced' },
  'account.password_changed': DONE,
  'account.signed_in': DONE,
  'account.sign_in_failed': { entry: 'always', about: pick('reason') },
  'account.signed_out': DONE,
  'account.session_revoked': { entry: 'always', about: pick('reason') },
  'account.email_changed': moved('email'),
  'account.email_verified': {
    entry: 'always',
    before: () => ({ email_verified: false }),
    after: () => ({ email_verified: true }),
  },
  'account.verification_requested': NEVER,
  'account.password_reset_requested': DONE,
  'account.role_changed': moved('role'),
  'account.group_changed': moved('group_id'),
  'account.capacity_changed': moved('capacity_bytes'),
  'account.frozen': {
    entry: 'always',
    before: () => ({ frozen: false }),
    after: () => ({ frozen: true }),
  },
  'account.unfrozen': {
    entry: 'always',
    before: () => ({ frozen: true }),
    after: () => ({ frozen: false }),
  },
  'account.deleted': { entry: 'always', before: pick('email', 'role', 'group_id') },
  'account.restored': { entry: 'always', after: pick('email', 'role', 'group_id') },
  'account.forgotten': DONE,
  'account.export_requested': DONE,
  'account.export_made': NEVER,
  'account.export_failed': NEVER,
  'account.export_withdrawn': NEVER,

  'api_token.created': {
    entry: 'always',
    after: pick('name', 'scopes', 'expires_at', 'account_id'),
  },
  'api_token.revoked': {
    entry: 'always',
    before: pick('account_id'),
    former: ['name', 'scopes', 'expires_at'],
  },

  'group.created': {
    entry: 'always',
    after: pick('name', 'is_default', 'is_guest', 'configs', 'strategy_ids'),
  },
  'group.changed': { entry: 'always', after: pick('name', 'configs'), former: 'replaced' },
  'group.strategies_changed': {
    entry: 'always',
    after: pick('strategy_ids'),
    former: 'replaced',
  },
  'group.deleted': { entry: 'always', former: ['name', 'configs', 'strategy_ids'] },

  'strategy.created': { entry: 'always', after: pick('name', 'strategy_type', 'configs') },
  'strategy.changed': {
    entry: 'always',
    after: pick('name', 'configs'),
    former: 'replaced',
    about: pick('secrets_changed'),
  },
  'strategy.deleted': { entry: 'always', former: ['name', 'strategy_type', 'configs'] },

  'site.settings_changed': {
    entry: 'always',
    after: ({ changes }) => changes,
    former: 'replaced',
    initially: DEFAULT_SITE_SETTINGS,
  },
  'site.default_group_changed': moved('default_group_id'),
  'site.guest_group_changed': moved('guest_group_id'),

  'visitor.sign_in_failed': { entry: 'always', about: pick('reason') },

  'projection.rebuild_requested': { entry: 'always', about: pick('gate', 'dry_run') },
  'projection.rebuilt': { entry: 'always', about: pick('position', 'differing_rows', 'switched') },
  'projection.rebuild_failed': DONE,
  'projection.retry_requested': { entry: 'always', about: pick('stream') },

  'queue.retry_requested': { entry: 'always', about: pick('reaction') },
  'queue.replayed': { entry: 'always', about: pick('from_position', 'to_position', 'reactions') },
}

/** The fact by which a thing is called, by category. An account is called by what it is called now. */
export const NAME_FACTS: Readonly<Record<string, string>> = {
  image: 'origin_name',
  album: 'name',
  api_token: 'name',
  group: 'name',
  strategy: 'name',
}
