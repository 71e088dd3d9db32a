import { rm } from 'node:fs/promises'
import { DomainError } from '#domain/domain_error'
import type { ProcessingOutcome } from '#domain/image/events'
import { identifyImage, inspectImage, type ImageFacts } from '#imaging/inspect'
import type { WrittenFile } from '#imaging/rewrite_plan'
import { stripMetadata } from '#imaging/strip_metadata'
import type { Budget } from '#imaging/workshop/tasks'
import type { Workshop } from '#imaging/workshop/workshop'
import { acceptsExtension, type UploadRules } from '#read_models/upload_rules'
import type { ReceivedUpload } from '#storage/intake'

/** What is to be stored of an upload; its size and hashes are those of the bytes that links serve. */
export interface PreparedFile extends WrittenFile {
  preparedPath: string
  facts: ImageFacts
  processing: ProcessingOutcome
}

/** How a file is to be prepared, and what with. */
export interface Preparation {
  rules: UploadRules
  /** Whether metadata is taken out. */
  strips: boolean
  workshop: Workshop
  temporaryPath: () => Promise<string>
}

const MEGABYTE = 1024 * 1024

/** A picture that takes longer to draw would hold up everybody who looks at it. */
const SVG_BUDGET: Budget = { cpuSeconds: 1, bytes: 300 * MEGABYTE, seconds: 20 }

/**
 * Looks at the received file, and leaves what is to be stored of it: itself, or what remains without what may not stay.
 *
 * @throws ImagingError, DomainError E_EXTENSION_NOT_ALLOWED, or a file system's error
 */
export async function prepareFile(
  received: ReceivedUpload,
  preparation: Preparation
): Promise<PreparedFile> {
  const source = received.temporaryPath
  const extension = await identifyImage(source)
  if (!acceptsExtension(preparation.rules, extension)) {
    throw new DomainError(
      'E_EXTENSION_NOT_ALLOWED',
      `Images of the kind "${extension}" are not accepted here`
    )
  }
  const target = await preparation.temporaryPath()
  try {
    const { facts, written } =
      extension === 'svg'
        ? await preparation.workshop.run('cleanSvg', { source, target }, SVG_BUDGET)
        : await stripped(source, target, await inspectImage(source, extension), preparation)
    const { size, md5, sha1, sha256 } = written ?? received
    return {
      preparedPath: written === null ? source : target,
      facts,
      size,
      md5,
      sha1,
      sha256,
      processing: sha256 === received.sha256 ? 'skipped' : 'completed',
    }
  } catch (error) {
    await rm(target, { force: true })
    throw error
  }
}

async function stripped(
  source: string,
  target: string,
  facts: ImageFacts,
  { strips }: Preparation
): Promise<{ facts: ImageFacts; written: WrittenFile | null }> {
  return { facts, written: strips ? await stripMetadata(source, target, facts) : null }
}
