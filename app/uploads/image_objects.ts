import { DomainError } from '#domain/domain_error'
import { storedObjectClaim } from '#domain/guards'
import { EventStoreError } from '#event_store/errors'
import type { KeySource } from '#handlers/ports'
import { ObjectChangedError } from '#handlers/object_changes'
import type { Handlers } from '#handlers/index'
import { besideKey, objectKeyFor, type NamedFile, type NamingRules } from '#storage/naming_rules'
import type { ObjectReservations } from '#storage/object_reservations'
import type { ObjectStore } from '#storage/object_store'
import type { StagedObject } from '#storage/staged_object'

export interface ImageObjectsPorts {
  handlers: Pick<Handlers, 'storedObject'>
  reservations: ObjectReservations
  keys: KeySource
}

/** Bytes that are on this machine and are to be stored. */
export interface FinishedFile extends NamedFile {
  /** The bytes themselves, or the path of the file that holds them. */
  content: Buffer | string
  /** Hex. */
  sha256: string
}

/** Where bytes are to be stored, and how they are to be named when nothing holds them yet. */
export interface Destination {
  strategyId: number
  store: ObjectStore
  naming: NamingRules
}

/** What an image is to refer to, and whether the object is new. */
export interface ObjectReference {
  objectKey: string
  namesObject: boolean
}

/**
 * Puts bytes into objects, one a strategy for the same bytes. A new object is written under a name that was reserved
 * before, and belongs to nobody until it is recorded; bytes that are there already are referred to. Whatever changes
 * between looking and recording is refused by the log, and looked at again.
 */
export class ImageObjects {
  readonly #ports: ImageObjectsPorts

  constructor(ports: ImageObjectsPorts) {
    this.#ports = ports
  }

  /**
   * Stores the bytes and records what refers to them. `record` is called again, with another reference, when it throws
   * ObjectChangedError; it answers the key that is recorded, which is an earlier one for a command sent again.
   *
   * @throws StorageError, and what `record` throws
   */
  async keep<Recorded extends { objectKey: string | null }>(
    file: FinishedFile,
    destination: Destination,
    record: (reference: ObjectReference) => Promise<Recorded>
  ): Promise<Recorded> {
    // Writing the bytes takes longer than finding a name for them, and only seldom are they there already.
    const staged = destination.store.stage(file.content)
    try {
      for (;;) {
        const objectKey = await this.#reserveKey(file, destination)
        const recorded =
          objectKey === null
            ? await this.#referTo(file, destination, staged, record)
            : await this.#keepNew(objectKey, destination, staged, record)
        if (recorded !== null) {
          return recorded
        }
      }
    } finally {
      await staged.discard()
    }
  }

  /** Records under a new name; `null` when others were faster with the same bytes. */
  async #keepNew<Recorded extends { objectKey: string | null }>(
    objectKey: string,
    { strategyId, store }: Destination,
    staged: StagedObject,
    record: (reference: ObjectReference) => Promise<Recorded>
  ): Promise<Recorded | null> {
    const { reservations } = this.#ports
    const release = () => reservations.release({ strategyId, objectKey })
    const drop = async () => {
      await store.delete(objectKey)
      await release()
    }
    // When that fails the name stays reserved: what comes to lie there all the same is swept.
    await staged.commit(objectKey)
    try {
      const recorded = await record({ objectKey, namesObject: true })
      // Nobody waits for it: a name that stays reserved is swept.
      const settled = recorded.objectKey === objectKey ? release() : drop()
      settled.catch(() => {})
      return recorded
    } catch (error) {
      if (mayBeRecorded(error)) {
        // The name stays reserved until that is found out.
        throw error
      }
      await drop().catch(() => {})
      if (!(error instanceof ObjectChangedError)) {
        throw error
      }
      return null
    }
  }

  /** Records a further reference to bytes that are stored; `null` when they are not there any more. */
  async #referTo<Recorded>(
    { sha256 }: FinishedFile,
    { strategyId, store }: Destination,
    staged: StagedObject,
    record: (reference: ObjectReference) => Promise<Recorded>
  ): Promise<Recorded | null> {
    const { storedObject } = this.#ports.handlers
    const find = () => storedObject.findObject({ strategyId, sha256 })
    const objectKey = await find()
    if (objectKey === null) {
      return null
    }
    let restored = false
    if ((await store.stat(objectKey)) === null) {
      if ((await find()) !== objectKey) {
        return null
      }
      // It was lost behind our back: here are its bytes again.
      await staged.commit(objectKey)
      restored = true
    }
    try {
      return await record({ objectKey, namesObject: false })
    } catch (error) {
      if (!(error instanceof ObjectChangedError)) {
        throw error
      }
      if (restored) {
        await store.delete(objectKey)
      }
      return null
    }
  }

  /** A name as the rules want it, or beside it when that is taken; `null` when the bytes are stored already. */
  async #reserveKey(
    file: FinishedFile,
    { strategyId, naming }: Destination
  ): Promise<string | null> {
    const { keys, reservations } = this.#ports
    const draw = (length: number) => keys.draw(length)
    const storedBytes = storedObjectClaim(strategyId, file.sha256)
    const wanted = objectKeyFor(naming, file, draw)
    for (let objectKey = wanted; ; objectKey = besideKey(wanted, file, draw)) {
      const outcome = await reservations.reserve({ strategyId, objectKey, storedBytes })
      if (outcome !== 'taken') {
        return outcome === 'stored' ? null : objectKey
      }
    }
  }
}

/** After a lost connection nobody knows; all else that an append is refused with says that nothing was written. */
function mayBeRecorded(error: unknown): boolean {
  const isRefusal =
    error instanceof ObjectChangedError ||
    error instanceof DomainError ||
    (error instanceof EventStoreError && error.code !== 'E_EVENT_STORE_UNAVAILABLE')
  return !isRefusal
}
