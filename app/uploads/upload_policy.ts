import { isAdmin, type Account, type Identity } from '#auth/identity'
import { DomainError } from '#domain/domain_error'
import { accountBytesScope, guestBytesScope } from '#domain/guards'
import type { SiteSettings } from '#domain/site/settings'
import type { Permission } from '#domain/values'
import { findAlbum } from '#read_models/album_queries'
import { findSiteSettings } from '#read_models/site_settings_queries'
import type { UploadRules } from '#read_models/upload_rules'
import { userSettingsOf, type UserSettings } from '#read_models/user_settings'
import type { StrategyView } from '#read_models/views'
import { parseDuration } from '#domain/duration'
import { GuestsNotAllowedError } from './errors.ts'
import { KeptGroupRules } from './group_rules.ts'
import { processingPolicy, type ProcessingPolicy } from './processing_policy.ts'
import type { UploadReads } from './upload_reads.ts'

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

/** Who uploads: an account, with what was stamped when it was looked up, where that is known. */
export type UploadingAccount = Account & Partial<Pick<Identity, 'moment'>>

/** Finds what holds for an upload. */
export class UploadPolicies {
  readonly #reads: UploadReads
  readonly #groups = new KeptGroupRules()

  constructor(reads: UploadReads) {
    this.#reads = reads
  }

  /** @throws GuestsNotAllowedError for a visitor where visitors may not upload */
  async find(identity: UploadingAccount | null): Promise<UploadPolicy> {
    const site = await findSiteSettings(identity?.moment?.everybody)
    return identity === null ? this.#forGuests(site) : this.#forAccount(identity, site)
  }

  async #forGuests(site: SiteSettings): Promise<UploadPolicy> {
    if (!site.allow_guest_upload) {
      throw new GuestsNotAllowedError()
    }
    const [{ rules, strategies, processing }, { usedBytes }] = await Promise.all([
      this.#groups.find(null, undefined),
      this.#reads.findUploader({ accountId: null, scope: guestBytesScope }),
    ])
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

  async #forAccount(identity: UploadingAccount, site: SiteSettings): Promise<UploadPolicy> {
    const { accountId, groupId, capacityBytes, moment } = identity
    const [{ rules, strategies, processing }, { settings: stored, usedBytes }] = await Promise.all([
      this.#groups.find(groupId, moment?.everybody),
      this.#reads.findUploader({ accountId, scope: accountBytesScope(accountId) }),
    ])
    const settings = userSettingsOf(stored)
    return {
      ownerId: accountId,
      rules,
      strategies: preferred(strategies, settings.default_strategy),
      defaultAlbumId: await defaultAlbum(settings, accountId),
      defaultPermission: settings.default_permission,
      capacityBytes,
      roomBytes: capacityBytes - usedBytes,
      processing: processingPolicy(site, processing, stored.image_processing ?? {}),
      held: site.moderation_mode !== 'disabled' && !isAdmin(identity),
      defaultTtl: parseDuration(site.default_image_ttl),
      longestTtl: null,
    }
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
