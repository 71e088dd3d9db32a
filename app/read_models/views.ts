import type { AccountRole } from '#domain/account/events'
import type { TokenScope } from '#domain/api_token/events'
import type { Json } from '#domain/event_definition'
import type { ProcessingOutcome } from '#domain/image/events'
import type { StrategyType } from '#domain/strategy/events'
import type { Permission } from '#domain/values'

export type ModerationStatus = 'approved' | 'pending' | 'rejected'

/** An image as readers see it: an album that is gone counts as none. Moments are RFC 3339 in UTC. */
export interface ImageView {
  imageId: number
  key: string
  ownerId: number | null
  albumId: number | null
  strategyId: number
  objectKey: string
  /** What its key is put after to be got from its strategy directly; `null` when it is got from this server only. */
  directBase: string | null
  originName: string | null
  sizeBytes: number
  mimetype: string
  extension: string
  width: number
  height: number
  frames: number
  md5: string
  sha1: string
  sha256: string
  permission: Permission
  moderationStatus: ModerationStatus
  /** Whether a moderator was ever asked. */
  wasModerated: boolean
  processingStatus: ProcessingOutcome
  expiresAt: string | null
  thumbnailStatus: 'pending' | 'completed' | 'failed'
  thumbnailKey: string | null
  thumbnailMimetype: string | null
  thumbhash: string | null
  createdAt: string
  updatedAt: string
}

export interface ListedImageView extends ImageView {
  strategyName: string
  strategyType: StrategyType
}

/** An image as administrators see it; it has no owner when a visitor uploaded it. */
export interface AdministeredImageView extends ListedImageView {
  ownerEmail: string | null
  moderationReason: string | null
}

/** A deleted image that can be restored. */
export interface TrashedImageView extends ListedImageView {
  deletedAt: string
  ownerEmail: string | null
  /** What its owner's images may weigh; `null` when there is no such account (any more). */
  ownerCapacityBytes: number | null
}

/** An account that was deleted and can still come back. */
export interface DeletedAccountView {
  accountId: number
  email: string | null
  role: AccountRole
  deletedAt: string
}

/** An archive of all that the site has of a person. */
export interface ExportView {
  state: 'pending' | 'ready' | 'failed'
  requestedAt: string
  madeAt: string | null
  strategyId: number | null
  objectKey: string | null
  sizeBytes: number | null
  expiresAt: string | null
}

/** A stream that a read model could not digest from one event on. */
export interface ParkedStreamView {
  projection: string
  stream: string
  /** Where the event that was refused is. */
  position: number
  error: string | null
  /** How many events wait, the refused one included. */
  waiting: number
  attempts: number
  parkedAt: string
}

/** Work that was given up. */
export interface DeadWorkView {
  id: string
  queue: string
  eventId: string
  eventPosition: number
  payload: Record<string, number | string>
  tries: number
  error: string | null
  diedAt: string
}

/** How far the rebuild of a read model is. */
export interface RebuildProgressView {
  phase: 'fill' | 'index' | 'compare' | 'switch'
  position: number
  head: number
  startedAt: string
  updatedAt: string
}

/** Where images are stored. */
export interface StrategyView {
  id: number
  type: StrategyType
  configs: Record<string, Json>
  updatedAt: string
}

/** An image with what it takes to read its bytes. */
export interface StoredImageView extends ImageView {
  strategy: StrategyView
}

export interface AlbumView {
  albumId: number
  ownerId: number
  name: string
  intro: string
  imageNum: number
  createdAt: string
  updatedAt: string
}

export interface AccountView {
  accountId: number
  email: string | null
  name: string | null
  role: AccountRole
  frozen: boolean
  groupId: number
  capacityBytes: number
  /** What was set; the defaults hold for the rest. */
  settings: Record<string, Json>
  emailVerified: boolean
  createdAt: string
}

/** An account as administrators see it. */
export interface UserView extends Omit<AccountView, 'settings'>, UsageView {
  groupName: string | null
}

/** A storage strategy as administrators see it; of its secrets only the fields that are set. */
export interface AdministeredStrategyView {
  strategyId: number
  name: string
  type: StrategyType
  configs: Record<string, Json>
  secretFields: string[]
  imageNum: number
  createdAt: string
  updatedAt: string
}

/** Rules for uploads, and who they hold for. */
export interface GroupView {
  groupId: number
  name: string
  isDefault: boolean
  isGuest: boolean
  /** What was set; the defaults hold for the rest. */
  configs: Record<string, Json>
  strategyIds: number[]
  memberNum: number
  createdAt: string
  updatedAt: string
}

export interface UsageView {
  usedBytes: number
  imageNum: number
  albumNum: number
}

/** A link that shows an image for a time. */
export interface ShareView {
  shareId: number
  imageId: number
  expiresAt: string
  /** `null` for no bound. */
  maxViews: number | null
  views: number
  lastViewedAt: string | null
  createdAt: string
}

/** An image that was to be fetched from elsewhere, and what became of it. */
export interface ImageImportView {
  importId: number
  ownerId: number
  status: 'pending' | 'completed' | 'failed'
  /** The image's, when it is completed. */
  key: string | null
  /** Why it failed. */
  code: string | null
  createdAt: string
  settledAt: string | null
}

export interface ApiTokenView {
  tokenId: number
  name: string
  scopes: TokenScope[]
  lastUsedAt: string | null
  expiresAt: string | null
  createdAt: string
}
