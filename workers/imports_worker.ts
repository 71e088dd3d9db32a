import type { IdentityReader } from '#auth/identity_reader'
import { DomainError } from '#domain/domain_error'
import type { ImportOutcome } from '#domain/image_import/decide'
import type { ImageImportEvent, ImportWishes } from '#domain/image_import/events'
import { evolveImageImport, type ImageImport } from '#domain/image_import/state'
import { streams } from '#domain/streams'
import { BudgetExceededError, VersionConflictError } from '#event_store/errors'
import type { EventMetadata } from '#event_store/port'
import type { CommandContext } from '#handlers/command_context'
import { ImagingError } from '#imaging/errors'
import { jobContext } from '#jobs/job_context'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { RemoteError } from '#remote/errors'
import { nameInUrl } from '#remote/name_in_url'
import type { SafeFetch } from '#remote/safe_fetch'
import { IntakeError } from '#storage/intake'
import { UploadError } from '#uploads/errors'
import type { ImageUploads, UploadWishes } from '#uploads/image_uploads'
import { importIdOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'

/** A server that is away or slow is asked so often before the import fails. */
const TRIES_OF_A_SERVER = 3
const PASSING_CODES = new Set(['E_REMOTE_UNREACHABLE', 'E_REMOTE_TOO_SLOW'])

export interface ImportsPorts extends Pick<WorkerPorts, 'eventStore' | 'handlers'> {
  uploads: Pick<ImageUploads, 'receiveFrom'>
  remoteFiles: Pick<SafeFetch, 'open'>
  identities: Pick<IdentityReader, 'findAccount'>
}

/**
 * Fetches images from elsewhere. The import's id is its image's: a second run finds the image in its stream, or cannot
 * record another.
 */
export class ImportsWorker implements Processor {
  readonly queue = 'imports'
  readonly #ports: ImportsPorts

  constructor(ports: ImportsPorts) {
    this.#ports = ports
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      await this.#run(assignment)
    }
  }

  async giveUp(work: Assignment): Promise<void> {
    await this.#settle(work, { code: 'E_GIVEN_UP' })
  }

  async #run(assignment: Assignment): Promise<void> {
    const history = await this.#ports.eventStore.readStream(
      streams.imageImport(importIdOf(assignment.payload))
    )
    const wanted = history.reduce<ImageImport | null>(
      (state, event) => evolveImageImport(state, event as ImageImportEvent),
      null
    )
    const [requested] = history
    if (wanted === null || wanted.settled || requested === undefined) {
      return
    }
    await this.#settle(assignment, await this.#outcomeOf(wanted, assignment, requested.metadata))
  }

  async #settle(assignment: Assignment, outcome: ImportOutcome): Promise<void> {
    await this.#ports.handlers.imageImport.settleImport(
      { importId: importIdOf(assignment.payload), outcome },
      jobContext(assignment, 'settled')
    )
  }

  /** @throws what another try may put right */
  async #outcomeOf(
    wanted: ImageImport,
    assignment: Assignment,
    by: EventMetadata
  ): Promise<ImportOutcome> {
    const made = await this.#keyMadeBy(wanted)
    if (made !== null) {
      return { key: made }
    }
    try {
      return { key: await this.#fetch(wanted, contextOf(assignment, by)) }
    } catch (error) {
      const key = error instanceof VersionConflictError ? await this.#keyMadeBy(wanted) : null
      if (key !== null) {
        return { key }
      }
      const code = failureOf(error)
      if (code === null || (PASSING_CODES.has(code) && assignment.attempt < TRIES_OF_A_SERVER)) {
        throw error
      }
      return { code }
    }
  }

  /** The key of the image that a run before this one made. */
  async #keyMadeBy({ importId }: ImageImport): Promise<string | null> {
    const [first] = await this.#ports.eventStore.readStream(streams.image(importId))
    return first?.type === 'image.uploaded' ? first.data.key : null
  }

  async #fetch(wanted: ImageImport, context: CommandContext): Promise<string> {
    const { identities, remoteFiles, uploads } = this.#ports
    const { url } = wanted
    const owner = await identities.findAccount(wanted.ownerId)
    if (owner === null || owner.frozen || url === null) {
      throw new DomainError('E_ACCOUNT_CLOSED', 'This account is frozen or was deleted')
    }
    const { image } = await uploads.receiveFrom(
      {
        filename: nameInUrl(url),
        imageId: wanted.importId,
        wishes: wishesOf(wanted.wishes),
        open: async (maxBytes) => (await remoteFiles.open(url, maxBytes)).body,
      },
      { identity: owner, context }
    )
    return image.key
  }
}

/** The image is uploaded by whoever asked for it, from where they asked. */
function contextOf({ eventId }: Assignment, by: EventMetadata): CommandContext {
  return {
    actor: by.actor,
    correlationId: by.correlation_id,
    causationId: eventId,
    ip: by.ip,
    userAgent: by.user_agent,
    source: 'worker',
  }
}

function wishesOf(wishes: ImportWishes): UploadWishes {
  return {
    album_id: wishes.album_id ?? undefined,
    permission: wishes.permission ?? undefined,
    expires_in: wishes.expires_in ?? undefined,
    strategy_id: wishes.strategy_id ?? undefined,
  }
}

/** The code of a refusal that stays one however often it is tried; `null` for trouble of our own. */
function failureOf(error: unknown): string | null {
  if (error instanceof BudgetExceededError) {
    return 'E_STORAGE_FULL'
  }
  const isRefusal =
    error instanceof RemoteError ||
    error instanceof IntakeError ||
    (error instanceof ImagingError && error.code !== 'E_IMAGING_BUSY') ||
    error instanceof UploadError ||
    error instanceof DomainError
  return isRefusal ? error.code : null
}
