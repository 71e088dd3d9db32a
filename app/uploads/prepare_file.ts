import { rm } from 'node:fs/promises'
import { DomainError } from '#domain/domain_error'
import type { ProcessingOutcome } from '#domain/image/events'
import { ImagingBusyError, ImagingError } from '#imaging/errors'
import { identifyImage, inspectImage, type ImageFacts } from '#imaging/inspect'
import type { WrittenFile } from '#imaging/rewrite_plan'
import { stripMetadata } from '#imaging/strip_metadata'
import type { Budget } from '#imaging/workshop/tasks'
import { acceptsExtension, type UploadRules } from '#read_models/upload_rules'
import type { ReceivedUpload } from '#storage/intake'
import { processPixels, type PixelPorts } from './process_pixels.ts'
import type { ProcessingPolicy } from './processing_policy.ts'

/** What is to be stored of an upload; its size and hashes are those of the bytes that links serve. */
export interface PreparedFile extends WrittenFile {
  preparedPath: string
  facts: ImageFacts
  processing: ProcessingOutcome
}

/** How a file is to be prepared, and what with. */
export interface Preparation extends PixelPorts {
  rules: UploadRules
  processing: ProcessingPolicy
  temporaryPath: () => Promise<string>
}

const MEGABYTE = 1024 * 1024

/** A picture that takes longer to draw would hold up everybody who looks at it. */
const SVG_BUDGET: Budget = { cpuSeconds: 1, bytes: 300 * MEGABYTE, seconds: 20 }

/**
 * Looks at the received file, and leaves what is to be stored of it: itself, what remains without what may not stay, or
 * what was made of that. Where making it fails, the file is kept without.
 *
 * @throws ImagingError, DomainError E_EXTENSION_NOT_ALLOWED, or a file system's error
 */
export async function prepareFile(
  received: ReceivedUpload,
  preparation: Preparation
): Promise<PreparedFile> {
  const targets: string[] = []
  const newTarget = async () => {
    const target = await preparation.temporaryPath()
    targets.push(target)
    return target
  }
  let kept: string | null = null
  try {
    const clean = await cleaned(received, await newTarget(), preparation)
    const { made, failed } = await tryToProcess(clean, await newTarget(), preparation)
    const prepared = made ?? clean
    kept = prepared.preparedPath
    const isChanged = prepared.sha256 !== received.sha256
    return { ...prepared, processing: failed ? 'failed' : isChanged ? 'completed' : 'skipped' }
  } finally {
    const others = targets.filter((target) => target !== kept)
    await Promise.all(others.map((target) => rm(target, { force: true })))
  }
}

type File = Omit<PreparedFile, 'processing'>

/** The file without what may not stay. */
async function cleaned(
  received: ReceivedUpload,
  target: string,
  { rules, processing, workshop }: Preparation
): Promise<File> {
  const source = received.temporaryPath
  const extension = await identifyImage(source)
  if (!acceptsExtension(rules, extension)) {
    throw new DomainError(
      'E_EXTENSION_NOT_ALLOWED',
      `Images of the kind "${extension}" are not accepted here`
    )
  }
  if (extension === 'svg') {
    const { facts, written } = await workshop.run('cleanSvg', { source, target }, SVG_BUDGET)
    return fileOf(received, target, facts, written)
  }
  const facts = await inspectImage(source, extension)
  const written = processing.strips ? await stripMetadata(source, target, facts) : null
  return fileOf(received, target, facts, written)
}

function fileOf(
  { temporaryPath, size, md5, sha1, sha256 }: ReceivedUpload,
  target: string,
  facts: ImageFacts,
  written: WrittenFile | null
): File {
  return written === null
    ? { preparedPath: temporaryPath, facts, size, md5, sha1, sha256 }
    : { preparedPath: target, facts, ...written }
}

/** An image is not lost because something could not be made of it; but it is sent again when there is no time now. */
async function tryToProcess(
  { preparedPath, facts }: File,
  target: string,
  { processing, ...ports }: Preparation
): Promise<{ made: File | null; failed: boolean }> {
  try {
    const made = await processPixels({ source: preparedPath, target, facts }, processing, ports)
    return {
      made: made && { preparedPath: target, facts: made.facts, ...made.written },
      failed: false,
    }
  } catch (error) {
    if (error instanceof ImagingBusyError || !(error instanceof ImagingError)) {
      throw error
    }
    return { made: null, failed: true }
  }
}
