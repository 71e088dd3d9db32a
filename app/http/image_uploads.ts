import { rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Identity } from '#auth/identity'
import { DomainError } from '#domain/domain_error'
import type { ProcessingOutcome } from '#domain/image/events'
import type { CommandContext } from '#handlers/command_context'
import type { Handlers } from '#handlers/index'
import { inspectImage, type ImageFacts } from '#imaging/inspect'
import { stripMetadata } from '#imaging/strip_metadata'
import { findImage } from '#read_models/image_queries'
import { imageFromUpload } from '#read_models/pending_image'
import { acceptsExtension } from '#read_models/upload_rules'
import type { ImageView } from '#read_models/views'
import { receiveUpload, type ReceivedUpload } from '#storage/intake'
import { originalKey } from '#storage/object_key'
import type { ObjectStores } from '#storage/object_registry'
import type { ObjectStore } from '#storage/object_store'
import type { FreshReads } from './fresh_reads.ts'
import { givenValues } from './given_values.ts'
import type { Metrics } from './metrics.ts'
import { chooseStrategy, expiryOf, findUploadPolicy, type UploadPolicy } from './upload_policy.ts'
import { uploadFieldsValidator } from './validators/image_validator.ts'

const MAXIMUM_FIELDS = 20
const MAXIMUM_FIELD_BYTES = 4_096

export interface ImageUploadsPorts {
  handlers: Handlers
  stores: ObjectStores
  readModels: FreshReads
  metrics: Metrics
}

/** Who uploads (nobody, for a visitor), and the circumstances of the command. */
export interface Uploader {
  identity: Identity | null
  context: CommandContext
}

/** What may be asked for beside the file. */
export interface UploadWishes {
  album_id?: number
  permission?: 0 | 1
  expires_in?: string
  strategy_id?: number
}

/** What is stored of an upload; its size and hashes are those of the bytes that links serve. */
interface StoredFile {
  facts: ImageFacts
  objectKey: string
  size: number
  md5: string
  sha1: string
  sha256: string
  processing: ProcessingOutcome
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
   * @throws E_GUESTS_NOT_ALLOWED, IntakeError, ImagingError, StorageError, DomainError, BudgetExceededError, or the
   * validator's error
   */
  async receive(request: IncomingMessage, uploader: Uploader): Promise<ImageView> {
    const policy = await findUploadPolicy(uploader.identity)
    const intake = this.#ports.stores.get(chooseStrategy(policy, undefined))
    const received = await receiveUpload(request, {
      temporaryPath: () => intake.temporaryPath(),
      maxFileBytes: policy.rules.maxFileBytes,
      maxFields: MAXIMUM_FIELDS,
      maxFieldBytes: MAXIMUM_FIELD_BYTES,
      fileField: 'file',
    })
    try {
      const wishes = await uploadFieldsValidator.validate(
        givenValues(Object.fromEntries(received.fields))
      )
      return await this.#keep(received, wishes, policy, uploader.context)
    } finally {
      await received.discard()
    }
  }

  /** Stores what lies on disk, and records it. */
  async #keep(
    received: ReceivedUpload,
    wishes: UploadWishes,
    policy: UploadPolicy,
    context: CommandContext
  ): Promise<ImageView> {
    const { handlers, metrics, readModels, stores } = this.#ports
    const strategy = chooseStrategy(policy, wishes.strategy_id)
    const { facts, size, ...file } = await storeFile(received, stores.get(strategy), policy)
    const { key, position, events } = await handlers.image.uploadImage(
      {
        ...file,
        strategyId: strategy.id,
        albumId: wishes.album_id ?? policy.defaultAlbumId,
        permission: wishes.permission ?? policy.defaultPermission,
        expiresAt: expiryOf(policy, wishes.expires_in),
        ownerId: policy.ownerId,
        originName: received.originName,
        sizeBytes: size,
        receivedBytes: received.size,
        mimetype: facts.mimetype,
        extension: facts.extension,
        width: facts.width,
        height: facts.height,
        frames: facts.frames,
        capacityBytes: policy.capacityBytes,
        held: policy.held,
      },
      context
    )
    metrics.uploadStored(size)
    const isFresh = await readModels.waitFor(position, ['images', 'albums', 'usage'])
    const shown = isFresh ? await findImage(key) : null
    return shown ?? imageFromUpload(events, new Date().toISOString())
  }
}

/** Moves the received file, or what is left of it without its metadata, to where links find it. */
async function storeFile(
  received: ReceivedUpload,
  store: ObjectStore,
  { rules, strips }: UploadPolicy
): Promise<StoredFile> {
  const facts = await inspectImage(received.temporaryPath)
  if (!acceptsExtension(rules, facts.extension)) {
    throw new DomainError(
      'E_EXTENSION_NOT_ALLOWED',
      `Images of the kind "${facts.extension}" are not accepted here`
    )
  }
  const target = await store.temporaryPath()
  try {
    const stripped = strips ? await stripMetadata(received.temporaryPath, target, facts) : null
    const { size, md5, sha1, sha256 } = stripped ?? received
    const objectKey = originalKey(sha256, facts.extension)
    await store.commitFile(stripped === null ? received.temporaryPath : target, objectKey)
    const processing = sha256 === received.sha256 ? 'skipped' : 'completed'
    return { facts, objectKey, size, md5, sha1, sha256, processing }
  } finally {
    await rm(target, { force: true })
  }
}
