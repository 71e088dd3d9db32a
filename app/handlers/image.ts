import * as decisions from '#domain/image/decide'
import type { EventData } from '#domain/catalogue'
import { requireAlbumOf } from '#domain/album/decide'
import { evolveAlbum, type Album } from '#domain/album/state'
import { DomainError } from '#domain/domain_error'
import {
  accountBytesScope,
  CLOSED_ACCOUNT_BYTES,
  guestBytesScope,
  objectReferencesScope,
  REMOVED_OBJECT_REFERENCES,
} from '#domain/guards'
import type { ProcessingOutcome } from '#domain/image/events'
import type { Thumbnail } from '#domain/image/decide'
import { evolveImage } from '#domain/image/state'
import type { Requester } from '#domain/requester'
import { streams } from '#domain/streams'
import type { Permission } from '#domain/values'
import { BudgetExceededError, ClaimTakenError } from '#event_store/errors'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import { loadState } from './load_state.ts'
import { isObjectChanged, ObjectChangedError } from './object_changes.ts'
import type { IdSource, KeySource } from './ports.ts'

export interface UploadImage {
  /** Drawn before, for an image that must not be recorded twice; else drawn now. */
  imageId?: number
  /** `null` for a visitor's upload. */
  ownerId: number | null
  albumId: number | null
  strategyId: number
  objectKey: string
  /** Whether the upload has stored the object under this name, rather than found it there. */
  namesObject: boolean
  originName: string | null
  sizeBytes: number
  /** Bytes as they were sent. */
  receivedBytes: number
  processing: ProcessingOutcome
  mimetype: string
  extension: string
  width: number
  height: number
  frames: number
  md5: string
  sha1: string
  sha256: string
  permission: Permission
  /** RFC 3339, UTC, milliseconds; `null` to keep it for ever. */
  expiresAt: string | null
  /** What the owner's images may weigh together, this one included; `null` for no bound. */
  capacityBytes: number | null
  /** Whether a moderator must look at it before others see it. */
  held: boolean
}

/** What was recorded: for a repeated command, the first time. */
export interface UploadedImage extends Handled {
  imageId: number
  key: string
  objectKey: string
}

interface ImageChange extends Requester {
  imageId: number
  albumId?: number | null
  permission?: Permission
  expiresAt?: string | null
}

const SHORTEST_KEY = 6
/** Keys are long enough that a guess hits one image in a thousand tries at most. */
const KEYS_AN_IMAGE = 1_000
const KEY_ALPHABET_SIZE = 36

export type ImageHandlers = ReturnType<typeof createImageHandlers>

export function createImageHandlers(ports: { store: EventStore; ids: IdSource; keys: KeySource }) {
  const runner = new CommandRunner(ports.store)

  const readAlbum = (albumId: number): Promise<Album | null> =>
    loadState(ports.store, streams.album(albumId), evolveAlbum)

  return {
    /**
     * @throws BudgetExceededError when the image does not fit into the capacity
     * @throws DomainError E_ALBUM_NOT_FOUND, E_ACCOUNT_CLOSED
     * @throws ObjectChangedError when the stored object is not what it was any more
     * @throws VersionConflictError when the image's id is another's already
     */
    async uploadImage(command: UploadImage, context: CommandContext): Promise<UploadedImage> {
      // The bound may have moved, a moment counted from now has, and a name is drawn anew, when it is sent again.
      const body = {
        ...command,
        capacityBytes: null,
        expiresAt: null,
        held: null,
        objectKey: null,
        namesObject: null,
      }
      if (command.albumId !== null) {
        requireAlbumOf(await readAlbum(command.albumId), command.ownerId)
      }
      const imageId = command.imageId ?? (await ports.ids.next('image'))
      const scope = command.ownerId === null ? guestBytesScope : accountBytesScope(command.ownerId)
      for (let length = keyLength(imageId); ; length++) {
        try {
          const handled = await runner.append(
            {
              stream: streams.image(imageId),
              context,
              body: ['uploadImage', body],
              limits: {
                [objectReferencesScope(command.strategyId, command.objectKey)]:
                  REMOVED_OBJECT_REFERENCES - 1,
                ...(command.capacityBytes === null ? {} : { [scope]: command.capacityBytes }),
              },
            },
            'none',
            decisions.uploadImage(uploadOf(command, imageId, ports.keys.draw(length)), command)
          )
          return { ...handled, ...identityOf(handled) }
        } catch (error) {
          if (isObjectChanged(error)) {
            throw new ObjectChangedError()
          }
          if (error instanceof BudgetExceededError && error.used >= CLOSED_ACCOUNT_BYTES) {
            throw new DomainError('E_ACCOUNT_CLOSED', 'This account is frozen or was deleted')
          }
          if (!(error instanceof ClaimTakenError && error.scope === 'image_key')) {
            throw error
          }
        }
      }
    },

    /** @throws DomainError E_IMAGE_NOT_FOUND, E_ALBUM_NOT_FOUND */
    async changeImage(command: ImageChange, context: CommandContext): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['changeImage', command],
        evolve: evolveImage,
        decide: async (image) => {
          const events = decisions.changeImage(image, command)
          if (typeof command.albumId === 'number') {
            requireAlbumOf(await readAlbum(command.albumId), image?.ownerId ?? null)
          }
          return events
        },
      })
    },

    /** @throws DomainError E_IMAGE_NOT_FOUND */
    async deleteImage(
      command: Requester & { imageId: number },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['deleteImage', command],
        evolve: evolveImage,
        decide: (image) => decisions.deleteImage(image, command),
      })
    },

    /** @throws DomainError E_IMAGE_NOT_FOUND */
    async approveImage(command: { imageId: number }, context: CommandContext): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['approveImage', command],
        evolve: evolveImage,
        decide: decisions.approveImage,
      })
    },

    /** Does nothing when the image does not wait for a moderator. */
    async approvePendingImage(
      command: { imageId: number },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['approvePendingImage', command],
        evolve: evolveImage,
        decide: decisions.approvePendingImage,
      })
    },

    /** Does nothing when the image does not wait for a moderator. */
    async rejectPendingImage(
      command: { imageId: number; reason: string },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['rejectPendingImage', { imageId: command.imageId }],
        evolve: evolveImage,
        decide: (image) => decisions.rejectPendingImage(image, command.reason),
      })
    },

    /** @throws DomainError E_IMAGE_NOT_FOUND */
    async rejectImage(
      command: { imageId: number; reason: string | null },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['rejectImage', command],
        evolve: evolveImage,
        decide: (image) => decisions.rejectImage(image, command.reason),
      })
    },

    /**
     * Brings a deleted image back; `capacityBytes` bounds what its owner's images, or all visitors', may weigh then.
     *
     * @throws DomainError E_IMAGE_NOT_FOUND
     * @throws BudgetExceededError when it does not fit any more
     */
    async restoreImage(
      command: Requester & { imageId: number; now: string; capacityBytes: number },
      context: CommandContext
    ): Promise<Handled> {
      const stream = streams.image(command.imageId)
      const image = await loadState(ports.store, stream, evolveImage)
      const ownerId = image?.ownerId ?? null
      const scope = ownerId === null ? guestBytesScope : accountBytesScope(ownerId)
      return runner.decide({
        stream,
        context,
        body: ['restoreImage', { imageId: command.imageId }],
        limits: { [scope]: command.capacityBytes },
        evolve: evolveImage,
        decide: (present) => decisions.restoreImage(present, command, command.now),
      })
    },

    /** Does nothing when the image cannot be restored anyway. */
    async purgeImage(command: { imageId: number }, context: CommandContext): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['purgeImage', command],
        evolve: evolveImage,
        decide: decisions.purgeImage,
      })
    },

    /** Does nothing when the image is gone or its time has not come at `now` (RFC 3339). */
    async expireImage(
      command: { imageId: number; now: string },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['expireImage', { imageId: command.imageId }],
        evolve: evolveImage,
        decide: (image) => decisions.expireImage(image, command.now),
      })
    },

    /** Does nothing when the image is gone or has a thumbnail. */
    async recordThumbnail(
      command: Thumbnail & { imageId: number },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['recordThumbnail', { imageId: command.imageId }],
        evolve: evolveImage,
        decide: (image) => decisions.recordThumbnail(image, command),
      })
    },

    async recordThumbnailFailure(
      command: { imageId: number; reason: string },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['recordThumbnailFailure', { imageId: command.imageId }],
        evolve: evolveImage,
        decide: (image) => decisions.recordThumbnailFailure(image, command.reason),
      })
    },
  }
}

/** Ids grow with the library, and keys with them. */
function keyLength(imageId: number): number {
  const needed = Math.ceil(Math.log(imageId * KEYS_AN_IMAGE) / Math.log(KEY_ALPHABET_SIZE))
  return Math.max(SHORTEST_KEY, needed)
}

function uploadOf(command: UploadImage, imageId: number, key: string) {
  return {
    image_id: imageId,
    key,
    owner_id: command.ownerId,
    album_id: command.albumId,
    strategy_id: command.strategyId,
    object_key: command.objectKey,
    names_object: command.namesObject,
    origin_name: command.originName,
    size_bytes: command.sizeBytes,
    received_bytes: command.receivedBytes,
    processing: command.processing,
    mimetype: command.mimetype,
    extension: command.extension,
    width: command.width,
    height: command.height,
    frames: command.frames,
    md5: command.md5,
    sha1: command.sha1,
    sha256: command.sha256,
    permission: command.permission,
    expires_at: command.expiresAt,
  } satisfies EventData<'image.uploaded'>
}

/** A repeated command answers the image of the first time. */
function identityOf({ events }: Handled) {
  const uploaded = events.find((event) => event.type === 'image.uploaded')
  if (uploaded === undefined) {
    throw new Error('An upload was recorded without its event')
  }
  const { image_id: imageId, key, object_key: objectKey } = uploaded.data
  return { imageId, key, objectKey }
}
