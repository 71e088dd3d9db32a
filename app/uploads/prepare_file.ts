import { writeFile } from 'node:fs/promises'
import { DomainError } from '#domain/domain_error'
import type { ProcessingOutcome } from '#domain/image/events'
import { ImagingBusyError, ImagingError } from '#imaging/errors'
import { identifyImage, inspectImage, type ImageFacts } from '#imaging/inspect'
import { digestsBeside } from '#imaging/digests_beside'
import type { WrittenFile } from '#imaging/rewrite_plan'
import { strippedBytes, stripMetadata } from '#imaging/strip_metadata'
import type { Budget } from '#imaging/workshop/tasks'
import { acceptsExtension, type UploadRules } from '#read_models/upload_rules'
import { asStorageError } from '#storage/errors'
import type { ReceivedUpload } from '#storage/intake'
import { processPixels, type PixelPorts } from './process_pixels.ts'
import type { ProcessingPolicy } from './processing_policy.ts'
import { removeTemporary } from '#storage/temporary_files'

/** What is to be stored of an upload; its size and hashes are those of the bytes that links serve. */
export interface PreparedFile extends WrittenFile {
  /** The bytes themselves, or the path of a temporary file that holds them. */
  content: Buffer | string
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
 * @throws ImagingError, DomainError E_EXTENSION_NOT_ALLOWED, StorageError E_STORAGE_UNAVAILABLE when temporary files cannot
 * be written
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
  let kept: Buffer | string | null = null
  try {
    const clean = await cleaned(received, newTarget, preparation)
    const { made, failed } = await tryToProcess(clean, newTarget, preparation)
    const { content, facts, written } = made ?? clean
    const { size, sha256, md5, sha1 } = written ?? {
      size: received.size,
      ...(await received.digests()),
    }
    kept = content
    const isChanged =
      written !== null && (size !== received.size || sha256 !== (await received.digests()).sha256)
    const processing = failed ? 'failed' : isChanged ? 'completed' : 'skipped'
    return { content, facts, size, sha256, md5, sha1, processing }
  } catch (error) {
    throw asStorageError(error)
  } finally {
    const others = targets.filter((target) => target !== kept)
    await Promise.all(others.map((target) => removeTemporary(target)))
  }
}

type NewTarget = () => Promise<string>

/** A file on its way; what was written is `null` where it is as it was received. */
interface File {
  content: Buffer | string
  path: () => Promise<string>
  facts: ImageFacts
  written: WrittenFile | null
}

/** The file without what may not stay. */
async function cleaned(
  received: ReceivedUpload,
  newTarget: NewTarget,
  { rules, processing, workshop }: Preparation
): Promise<File> {
  const { content } = received
  const extension = await identifyImage(content)
  if (!acceptsExtension(rules, extension)) {
    throw new DomainError(
      'E_EXTENSION_NOT_ALLOWED',
      `Images of the kind "${extension}" are not accepted here`
    )
  }
  const asReceived = { content, path: () => received.path(), written: null }
  if (extension === 'svg') {
    const [source, target] = [await received.path(), await newTarget()]
    const { facts, written } = await workshop.run('cleanSvg', { source, target }, SVG_BUDGET)
    return written === null ? { ...asReceived, facts } : { ...inFile(target), facts, written }
  }
  const facts = await inspectImage(content, extension)
  const stripped = processing.strips ? await withoutMetadata(content, facts, newTarget) : null
  return { ...(stripped ?? asReceived), facts }
}

/** The image without its metadata, where it was; `null` when it has none. */
async function withoutMetadata(
  content: Buffer | string,
  facts: ImageFacts,
  newTarget: NewTarget
): Promise<Omit<File, 'facts'> | null> {
  if (typeof content === 'string') {
    const target = await newTarget()
    const written = await stripMetadata(content, target, facts)
    return written && { ...inFile(target), written }
  }
  const bytes = await strippedBytes(content, facts)
  return (
    bytes && {
      content: bytes,
      path: () => writtenOut(bytes, newTarget),
      written: { size: bytes.length, ...(await digestsBeside(bytes)) },
    }
  )
}

const inFile = (target: string) => ({ content: target, path: async () => target })

async function writtenOut(bytes: Buffer, newTarget: NewTarget): Promise<string> {
  const target = await newTarget()
  await writeFile(target, bytes, { flag: 'wx', mode: 0o640 })
  return target
}

/** An image is not lost because something could not be made of it; but it is sent again when there is no time now. */
async function tryToProcess(
  file: File,
  newTarget: NewTarget,
  { processing, ...ports }: Preparation
): Promise<{ made: File | null; failed: boolean }> {
  try {
    const made = await processPixels({ ...file, newTarget }, processing, ports)
    return { made: made && { ...inFile(made.target), ...made }, failed: false }
  } catch (error) {
    if (error instanceof ImagingBusyError || !(error instanceof ImagingError)) {
      throw error
    }
    return { made: null, failed: true }
  }
}
