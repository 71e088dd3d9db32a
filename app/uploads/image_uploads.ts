import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { DomainError } from '#domain/domain_error'
import { directBaseOf } from '#domain/strategy/direct_links'
import type { CommandContext } from '#handlers/command_context'
import type { UploadedImage } from '#handlers/image'
import type { Handlers } from '#handlers/index'
import type { KeySource } from '#handlers/ports'
import type { Watermarks } from '#imaging/watermark/watermarks'
import type { Workshop } from '#imaging/workshop/workshop'
import { findImage } from '#read_models/image_queries'
import { imageFromUpload } from '#read_models/pending_image'
import type { ImageView } from '#read_models/views'
import { receiveStream, receiveUpload, type ReceivedUpload } from '#storage/intake'
import { MemoryAllowance } from '#storage/memory_allowance'
import type { ObjectStores } from '#storage/object_registry'
import type { ObjectReservations } from '#storage/object_reservations'
import { ImageObjects } from './image_objects.ts'
import { prepareFile } from './prepare_file.ts'
import {
  chooseStrategy,
  expiryOf,
  UploadPolicies,
  type UploadingAccount,
  type UploadPolicy,
} from './upload_policy.ts'
import type { UploadReads } from './upload_reads.ts'
import type { CountedUpload, UploadRates } from './upload_rates.ts'
import { removeTemporary } from '#storage/temporary_files'

const MAXIMUM_FIELDS = 20
const MAXIMUM_FIELD_BYTES = 4_096
const FILE_FIELD = 'file'

export interface ImageUploadsPorts {
  handlers: Handlers
  stores: ObjectStores
  /** Waits for read models to show a position; false when they do not in time. */
  readModels: { waitFor(position: number, names: readonly string[]): Promise<boolean> }
  metrics: { uploadStored(bytes: number): void }
  rates: Pick<UploadRates, 'takeUpload'>
  workshop: Workshop
  reservations: ObjectReservations
  reads: UploadReads
  /** For the bytes of files that are not large, until they are stored. */
  memoryBytes: number
  keys: KeySource
  watermarks: Watermarks
}

/** Who uploads (nobody, for a visitor), and the circumstances of the command. */
export interface Uploader {
  identity: UploadingAccount | null
  context: CommandContext
}

/** What may be asked for beside the file. */
export interface UploadWishes {
  album_id?: number
  permission?: 0 | 1
  expires_in?: string
  strategy_id?: number
}

/** An image that does not come as a multipart body. */
export interface ImageSource {
  filename: string | undefined
  /** Drawn before, when the image must not be taken twice. */
  imageId?: number
  wishes: UploadWishes
  /** Opens the bytes, when it is known how many may come. */
  open(maxBytes: number): Promise<Readable>
}

/** An image that was taken, and what it was before its metadata was taken out; `sha1` is hex. */
export interface TakenImage {
  image: ImageView
  original: { size: number; sha1: string }
}

/** The path of an upload: received, looked at, stripped, stored for good, recorded, shown. */
export class ImageUploads {
  readonly #ports: ImageUploadsPorts
  readonly #objects: ImageObjects
  readonly #policies: UploadPolicies
  readonly #memory: MemoryAllowance

  constructor(ports: ImageUploadsPorts) {
    this.#ports = ports
    this.#objects = new ImageObjects(ports)
    this.#memory = new MemoryAllowance(ports.memoryBytes)
    this.#policies = new UploadPolicies(ports.reads)
  }

  /**
   * Takes the upload that a request carries. The image's bytes and its event are on disk when this resolves; whatever
   * fails leaves no temporary file.
   *
   * @param readWishes What the fields beside the file ask for
   * @throws UploadError, IntakeError, ImagingError, StorageError, DomainError, BudgetExceededError, or what `readWishes`
   * throws
   */
  async receive(
    request: IncomingMessage,
    uploader: Uploader,
    readWishes: (fields: Record<string, string>) => Promise<UploadWishes>
  ): Promise<ImageView> {
    return this.#counted(uploader, async (policy) => {
      const intake = this.#ports.stores.get(chooseStrategy(policy, undefined))
      const received = await receiveUpload(request, {
        temporaryPath: () => intake.temporaryPath(),
        memory: this.#memory,
        maxFileBytes: policy.rules.maxFileBytes,
        maxFields: MAXIMUM_FIELDS,
        maxFieldBytes: MAXIMUM_FIELD_BYTES,
        fileField: FILE_FIELD,
      })
      try {
        const wishes = await readWishes(Object.fromEntries(received.fields))
        return await this.#keep(received, wishes, policy, uploader.context)
      } finally {
        await received.discard()
      }
    })
  }

  /**
   * Takes an image from wherever it comes, as `receive` takes one from a request.
   *
   * @throws what `receive` throws, and what the source fails with
   */
  async receiveFrom(
    { filename, imageId, wishes, open }: ImageSource,
    uploader: Uploader
  ): Promise<TakenImage> {
    return this.#counted(uploader, async (policy) => {
      const { maxFileBytes } = policy.rules
      const intake = this.#ports.stores.get(chooseStrategy(policy, wishes.strategy_id))
      const received = await receiveStream(await open(maxFileBytes), filename, {
        temporaryPath: () => intake.temporaryPath(),
        memory: this.#memory,
        maxFileBytes,
        fileField: FILE_FIELD,
      })
      try {
        const image = await this.#keep(received, { ...wishes, imageId }, policy, uploader.context)
        const { sha1 } = await received.digests()
        return { image, original: { size: received.size, sha1 } }
      } finally {
        await received.discard()
      }
    })
  }

  /**
   * Counts an upload whose bytes are to come later, and refuses what could not be taken then either.
   *
   * @throws UploadError, DomainError E_STORAGE_FULL, E_STRATEGY_NOT_ALLOWED
   */
  async admit(uploader: Uploader, wishes: UploadWishes): Promise<CountedUpload> {
    const policy = await this.#policies.find(uploader.identity)
    requireRoom(policy, 1)
    chooseStrategy(policy, wishes.strategy_id)
    return this.#count(uploader, policy)
  }

  /** Counts an upload against what the group allows; one that fails is not counted. */
  async #counted<Result>(
    uploader: Uploader,
    upload: (policy: UploadPolicy) => Promise<Result>
  ): Promise<Result> {
    const policy = await this.#policies.find(uploader.identity)
    requireRoom(policy, 1)
    const counted = await this.#count(uploader, policy)
    try {
      return await upload(policy)
    } catch (error) {
      await counted.refund()
      throw error
    }
  }

  #count({ identity, context }: Uploader, { rules }: UploadPolicy): Promise<CountedUpload> {
    return this.#ports.rates.takeUpload({
      subject: identity === null ? `address:${context.ip}` : `account:${identity.accountId}`,
      limits: rules.rates,
    })
  }

  /** Stores what lies on disk, and records it. */
  async #keep(
    received: ReceivedUpload,
    wishes: UploadWishes & { imageId?: number },
    policy: UploadPolicy,
    context: CommandContext
  ): Promise<ImageView> {
    const { handlers, metrics, stores, workshop, watermarks } = this.#ports
    const strategy = chooseStrategy(policy, wishes.strategy_id)
    const store = stores.get(strategy)
    const file = await prepareFile(received, {
      ...policy,
      workshop,
      watermarks,
      temporaryPath: () => store.temporaryPath(),
    })
    try {
      requireRoom(policy, file.size)
      const { facts, size, md5, sha1, sha256, processing } = file
      const { ownerId, rules } = policy
      const upload = {
        imageId: wishes.imageId,
        ownerId,
        albumId: wishes.album_id ?? policy.defaultAlbumId,
        strategyId: strategy.id,
        originName: received.originName,
        sizeBytes: size,
        receivedBytes: received.size,
        processing,
        ...facts,
        md5,
        sha1,
        sha256,
        permission: wishes.permission ?? policy.defaultPermission,
        expiresAt: expiryOf(policy, wishes.expires_in),
        capacityBytes: policy.capacityBytes,
        held: policy.held,
      }
      const uploaded = await this.#objects.keep(
        {
          content: file.content,
          sha256,
          md5,
          extension: facts.extension,
          ownerId,
          at: new Date(),
        },
        { strategyId: strategy.id, store, naming: rules.naming },
        (reference) => handlers.image.uploadImage({ ...upload, ...reference }, context)
      )
      metrics.uploadStored(size)
      return await this.#shown(uploaded, directBaseOf(strategy.type, strategy.configs))
    } finally {
      if (typeof file.content === 'string') {
        await removeTemporary(file.content)
      }
    }
  }

  /** The image as whoever asks for it next finds it. One that was recorded earlier may have changed since then. */
  async #shown(
    { key, position, events, repeated }: UploadedImage,
    directBase: string | null
  ): Promise<ImageView> {
    const { readModels, reads } = this.#ports
    const [isFresh, createdAt] = await Promise.all([
      readModels.waitFor(position, ['images', 'albums', 'usage']),
      reads.findMoment(position),
    ])
    const changed = isFresh && repeated ? await findImage(key) : null
    return changed ?? imageFromUpload(events, { createdAt, directBase })
  }
}

/**
 * Refuses before anything is stored what would not fit; between uploads at the same moment the budget decides.
 *
 * @throws DomainError E_STORAGE_FULL
 */
function requireRoom({ roomBytes }: UploadPolicy, bytes: number): void {
  if (bytes > roomBytes) {
    throw new DomainError('E_STORAGE_FULL', 'The storage is full')
  }
}
