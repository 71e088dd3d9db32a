import { rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Identity } from '#auth/identity'
import type { DomainEvent, EventData } from '#domain/catalogue'
import { DomainError } from '#domain/domain_error'
import type { CommandContext } from '#handlers/command_context'
import type { Handlers } from '#handlers/index'
import { inspectImage, type ImageFacts } from '#imaging/inspect'
import { stripMetadata } from '#imaging/strip_metadata'
import { findAccountOrFail } from '#read_models/account_queries'
import { findAlbum } from '#read_models/album_queries'
import { findImage } from '#read_models/image_queries'
import { imageFromUpload } from '#read_models/pending_image'
import { findUploadRules } from '#read_models/upload_rules_queries'
import { userSettingsOf, type UserSettings } from '#read_models/user_settings'
import type { ImageView, StrategyView } from '#read_models/views'
import { receiveUpload, type ReceivedUpload } from '#storage/intake'
import { originalKey } from '#storage/object_key'
import type { ObjectStores } from '#storage/object_registry'
import type { ObjectStore } from '#storage/object_store'
import { momentAfter } from './duration.ts'
import type { FreshReads } from './fresh_reads.ts'
import { givenValues } from './given_values.ts'
import type { Metrics } from './metrics.ts'
import { uploadFieldsValidator } from './validators/image_validator.ts'

const MAXIMUM_FIELDS = 20
const MAXIMUM_FIELD_BYTES = 4_096

export interface ImageUploadsPorts {
  handlers: Handlers
  stores: ObjectStores
  readModels: FreshReads
  metrics: Metrics
}

/** What is stored of an upload; its size and hashes are those of the bytes that links serve. */
interface StoredFile {
  facts: ImageFacts
  objectKey: string
  size: number
  md5: string
  sha1: string
  sha256: string
}

/** The path of an upload: received, looked at, stripped, stored for good, recorded, shown. */
export class ImageUploads {
  readonly #ports: ImageUploadsPorts

  constructor(ports: ImageUploadsPorts) {
    this.#ports = ports
  }

  /**
   * Takes the upload that a request carries. The image's bytes and its event are on disk when this resolves; whatever
   * fails leaves no temporary file.
   *
   * @throws IntakeError, ImagingError, StorageError, DomainError, BudgetExceededError, or the validator's error
   */
  async receive(
    request: IncomingMessage,
    identity: Identity,
    context: CommandContext
  ): Promise<ImageView> {
    const [{ strategies, maxFileBytes }, account] = await Promise.all([
      findUploadRules(identity.groupId),
      findAccountOrFail(identity.accountId),
    ])
    const settings = userSettingsOf(account.settings)
    const intake = this.#ports.stores.get(chooseStrategy(strategies, null, settings))
    const received = await receiveUpload(request, {
      temporaryPath: () => intake.temporaryPath(),
      maxFileBytes,
      maxFields: MAXIMUM_FIELDS,
      maxFieldBytes: MAXIMUM_FIELD_BYTES,
      fileField: 'file',
    })
    try {
      const fields = await uploadFieldsValidator.validate(
        givenValues(Object.fromEntries(received.fields))
      )
      const strategy = chooseStrategy(strategies, fields.strategy_id ?? null, settings)
      const store = this.#ports.stores.get(strategy)
      const file = await storeFile(received, store, settings.image_processing.is_strip_exif)
      return await this.#record(received.originName, file, identity, context, {
        strategyId: strategy.id,
        albumId: fields.album_id ?? (await defaultAlbum(settings, identity.accountId)),
        permission: fields.permission ?? settings.default_permission,
        expiresAt: momentAfter(fields.expires_in),
      })
    } finally {
      await received.discard()
    }
  }

  async #record(
    originName: string,
    { facts, size, ...file }: StoredFile,
    { accountId, capacityBytes }: Identity,
    context: CommandContext,
    wishes: {
      strategyId: number
      albumId: number | null
      permission: 0 | 1
      expiresAt: string | null
    }
  ): Promise<ImageView> {
    const { handlers, metrics, readModels } = this.#ports
    const { key, position, events } = await handlers.image.uploadImage(
      {
        ...file,
        ...wishes,
        ownerId: accountId,
        originName,
        sizeBytes: size,
        mimetype: facts.mimetype,
        extension: facts.extension,
        width: facts.width,
        height: facts.height,
        frames: facts.frames,
        capacityBytes,
        held: false,
      },
      context
    )
    metrics.uploadStored(size)
    const isFresh = await readModels.waitFor(position, ['images', 'albums', 'usage'])
    const shown = isFresh ? await findImage(key) : null
    return shown ?? imageFromUpload(uploadedIn(events), new Date().toISOString())
  }
}

function uploadedIn(events: readonly DomainEvent[]): EventData<'image.uploaded'> {
  const uploaded = events.find((event) => event.type === 'image.uploaded')
  if (uploaded === undefined) {
    throw new TypeError('An upload was recorded without its event')
  }
  return uploaded.data
}

/** Moves the received file, or what is left of it without its metadata, to where links find it. */
async function storeFile(
  received: ReceivedUpload,
  store: ObjectStore,
  strips: boolean
): Promise<StoredFile> {
  const facts = await inspectImage(received.temporaryPath)
  const target = await store.temporaryPath()
  try {
    const stripped = strips ? await stripMetadata(received.temporaryPath, target, facts) : null
    const { size, md5, sha1, sha256 } = stripped ?? received
    const objectKey = originalKey(sha256, facts.extension)
    await store.commitFile(stripped === null ? received.temporaryPath : target, objectKey)
    return { facts, objectKey, size, md5, sha1, sha256 }
  } finally {
    await rm(target, { force: true })
  }
}

/**
 * The storage that was asked for, else the person's own choice, else the group's.
 *
 * @throws DomainError E_STRATEGY_NOT_ALLOWED
 */
function chooseStrategy(
  strategies: readonly StrategyView[],
  wanted: number | null,
  settings: UserSettings
): StrategyView {
  const find = (id: number | null) => strategies.find((strategy) => strategy.id === id)
  const chosen = wanted === null ? (find(settings.default_strategy) ?? strategies[0]) : find(wanted)
  if (chosen === undefined) {
    throw new DomainError('E_STRATEGY_NOT_ALLOWED', 'Your group may not store images there')
  }
  return chosen
}

/** A default album that is gone counts as none. */
async function defaultAlbum(settings: UserSettings, ownerId: number): Promise<number | null> {
  if (settings.default_album === null) {
    return null
  }
  const album = await findAlbum(settings.default_album)
  return album?.ownerId === ownerId ? album.albumId : null
}
