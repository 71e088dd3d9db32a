import type { Account } from '#auth/identity'
import { DomainError } from '#domain/domain_error'
import type { SiteSettings } from '#domain/site/settings'
import type { Permission } from '#domain/values'
import { findAlbum } from '#read_models/album_queries'
import { findSiteSettings } from '#read_models/site_settings_queries'
import type { UploadRules } from '#read_models/upload_rules'
import { findGuestUploadRules, findUploadRules } from '#read_models/upload_rules_queries'
import { userSettingsOf, type UserSettings } from '#read_models/user_settings'
import type { StrategyView } from '#read_models/views'
import { isAdmin } from '#auth/identity'
import { parseDuration } from '#domain/duration'
import { GuestsNotAllowedError } from './errors.ts'
import { processingPolicy, type ProcessingPolicy } from './processing_policy.ts'

/** What holds for an upload: who owns it, where it may lie, how long it stays, who sees it. */
export interface UploadPolicy {
  ownerId: number | null
  rules: UploadRules
  /** Where it may be stored, the first choice first. */
  strategies: readonly StrategyView[]
  defaultAlbumId: number | null
  defaultPermission: Permission
  /** What the owner's images may weigh together. */
  capacityBytes: number
  /** What of that was left when the upload began. */
  roomBytes: number
  processing: ProcessingPolicy
  /** Whether a moderator must look at it first. */
  held: boolean
  /** How long it stays when nothing is asked for; `null` for ever. Milliseconds. */
  defaultTtl: number | null
  /** How long it stays at most; `null` for no bound. Milliseconds. */
  longestTtl: number | null
}

/** @throws GuestsNotAllowedError for a visitor where visitors may not upload */
export async function findUploadPolicy(identity: Account | null): Promise<UploadPolicy> {
  const site = await findSiteSettings()
  return identity === null ? policyForGuests(site) : policyFor(identity, site)
}

async function policyForGuests(site: SiteSettings): Promise<UploadPolicy> {
  if (!site.allow_guest_upload) {
    throw new GuestsNotAllowedError()
  }
  const { rules, strategies, processing, usedBytes } = await findGuestUploadRules()
  const longestTtl = parseDuration(site.guest_image_ttl)
  return {
    ownerId: null,
    rules,
    strategies,
    defaultAlbumId: null,
    defaultPermission: 1,
    capacityBytes: site.guest_capacity_bytes,
    roomBytes: site.guest_capacity_bytes - usedBytes,
    processing: processingPolicy(site, processing, {}),
    held: site.moderation_mode !== 'disabled',
    defaultTtl: longestTtl,
    longestTtl,
  }
}

async function policyFor(identity: Account, site: SiteSettings): Promise<UploadPolicy> {
  const {
    rules,
    strategies,
    processing,
    settings: stored,
    usedBytes,
  } = await findUploadRules(identity.accountId, identity.groupId)
  const settings = userSettingsOf(stored)
  return {
    ownerId: identity.accountId,
    rules,
    strategies: preferred(strategies, settings.default_strategy),
    defaultAlbumId: await defaultAlbum(settings, identity.accountId),
    defaultPermission: settings.default_permission,
    capacityBytes: identity.capacityBytes,
    roomBytes: identity.capacityBytes - usedBytes,
    processing: processingPolicy(site, processing, stored.image_processing ?? {}),
    held: site.moderation_mode !== 'disabled' && !isAdmin(identity),
    defaultTtl: parseDuration(site.default_image_ttl),
    longestTtl: null,
  }
}

/**
 * The storage that was asked for, else the first choice.
 *
 * @throws DomainError E_STRATEGY_NOT_ALLOWED
 */
export function chooseStrategy(
  { strategies }: UploadPolicy,
  wanted: number | undefined
): StrategyView {
  const chosen =
    wanted === undefined ? strategies[0] : strategies.find((strategy) => strategy.id === wanted)
  if (chosen === undefined) {
    throw new DomainError('E_STRATEGY_NOT_ALLOWED', 'Your group may not store images there')
  }
  return chosen
}

/** When an upload expires that was asked to stay so long (`0` for ever), as RFC 3339; `null` for never. */
export function expiryOf(
  { defaultTtl, longestTtl }: UploadPolicy,
  wanted: string | undefined,
  now = Date.now()
): string | null {
  const ttl = wanted === undefined ? defaultTtl : parseDuration(wanted)
  const bounded = longestTtl === null ? ttl : Math.min(ttl ?? longestTtl, longestTtl)
  return bounded === null ? null : new Date(now + bounded).toISOString()
}

function preferred(
  strategies: readonly StrategyView[],
  strategyId: number | null
): readonly StrategyView[] {
  const first = strategies.filter(({ id }) => id === strategyId)
  return [...first, ...strategies.filter(({ id }) => id !== strategyId)]
}

/** A default album that is gone counts as none. */
async function defaultAlbum(settings: UserSettings, ownerId: number): Promise<number | null> {
  if (settings.default_album === null) {
    return null
  }
  const album = await findAlbum(settings.default_album)
  return album?.ownerId === ownerId ? album.albumId : null
}
