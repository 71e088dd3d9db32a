import type { IncomingMessage } from 'node:http'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import type { Digests } from '#imaging/rewrite_plan'
import { asStorageError } from './errors.ts'
import { IncomingFile, type IncomingFileOptions } from './incoming_file.ts'

export type IntakeErrorCode =
  | 'E_NOT_MULTIPART'
  | 'E_MULTIPART_MALFORMED'
  | 'E_FILE_MISSING'
  | 'E_FILE_EMPTY'
  | 'E_FILE_TOO_LARGE'
  | 'E_FIELD_TOO_LARGE'
  | 'E_TOO_MANY_FIELDS'
  | 'E_DUPLICATE_FIELD'
  | 'E_UPLOAD_ABORTED'

/** Why an upload was not taken; `field` names the part at fault where there is one. */
export class IntakeError extends Error {
  override name = 'IntakeError'
  readonly code: IntakeErrorCode
  readonly field: string | null

  constructor(code: IntakeErrorCode, message: string, field: string | null = null) {
    super(message)
    this.code = code
    this.field = field
  }
}

export interface IntakeOptions extends IncomingFileOptions {
  maxFileBytes: number
  maxFields: number
  maxFieldBytes: number
  /** The name of the part that holds the file. */
  fileField: string
}

/** A file that has come in; it takes memory or room on the disk until it is discarded. */
export interface ReceivedUpload {
  /** The bytes themselves where they are few, else the path of the temporary file that holds them. */
  content: Buffer | string
  size: number
  originName: string
  fields: Map<string, string>
  digests(): Promise<Digests>
  /** The path of a temporary file that holds the bytes, for what does not take them from memory. */
  path(): Promise<string>
  discard(): Promise<void>
}

const NAME_CHARACTERS = 255
const MAXIMUM_PART_HEADER_BYTES = 16 * 1024
const FILE_CHUNK_BYTES = 64 * 1024
/** What is left of a refused body is read for so long, so that the client comes to read its answer. */
const DRAIN_BYTES = 256 * 1024 * 1024
const MALFORMED = 'The multipart body is malformed'

/**
 * Takes one multipart upload from the socket: never more than a few chunks of a large file in memory, hashed on the way to
 * the disk. On any failure nothing is left of it.
 *
 * @throws IntakeError when the request is not what it should be
 * @throws StorageError E_STORAGE_UNAVAILABLE when the file cannot be written
 */
export async function receiveUpload(
  request: IncomingMessage,
  options: IntakeOptions
): Promise<ReceivedUpload> {
  const parser = createParser(request, options)
  let received: Received | null = null
  try {
    received = await parse(request, parser, options)
    if (received.file === null) {
      throw new IntakeError('E_FILE_MISSING', 'A file is required', options.fileField)
    }
    return uploadOf(received.file, received.filename, received.fields, options)
  } catch (error) {
    drain(request, parser)
    await received?.file?.discard()
    throw asStorageError(error)
  }
}

/** The bytes that are taken, and where they are put meanwhile. */
export type FileIntakeOptions = IncomingFileOptions &
  Pick<IntakeOptions, 'maxFileBytes' | 'fileField'>

/**
 * Takes one file from a stream, as `receiveUpload` takes one from a multipart body.
 *
 * @throws IntakeError when it is empty or too large, StorageError E_STORAGE_UNAVAILABLE when it cannot be written, and
 * whatever the stream fails with
 */
export async function receiveStream(
  stream: Readable,
  filename: string | undefined,
  options: FileIntakeOptions
): Promise<ReceivedUpload> {
  let file: IncomingFile | null = null
  try {
    file = await takeIn(stream, options)
    return uploadOf(file, filename, new Map(), options)
  } catch (error) {
    stream.destroy()
    await file?.discard()
    throw asStorageError(error)
  }
}

/** @throws IntakeError E_FILE_EMPTY */
function uploadOf(
  file: IncomingFile,
  filename: string | undefined,
  fields: Map<string, string>,
  { fileField }: FileIntakeOptions
): ReceivedUpload {
  if (file.size === 0) {
    throw new IntakeError('E_FILE_EMPTY', 'The file is empty', fileField)
  }
  return {
    content: file.content,
    size: file.size,
    originName: cleanName(filename),
    fields,
    digests: () => file.digests(),
    path: () => file.path(),
    discard: () => file.discard(),
  }
}

/** What a multipart body has brought. */
interface Received {
  file: IncomingFile | null
  filename: string | undefined
  fields: Map<string, string>
}

function createParser(request: IncomingMessage, options: IntakeOptions): BusboyInstance {
  const contentType = request.headers['content-type'] ?? ''
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    throw new IntakeError('E_NOT_MULTIPART', 'The body must be multipart/form-data')
  }
  try {
    return new Busboy({
      headers: { ...request.headers, 'content-type': contentType },
      fileHwm: FILE_CHUNK_BYTES,
      limits: {
        fileSize: options.maxFileBytes + 1,
        files: 2,
        fields: options.maxFields,
        fieldSize: options.maxFieldBytes,
        parts: options.maxFields + 3,
        headerSize: MAXIMUM_PART_HEADER_BYTES,
      },
    })
  } catch {
    throw new IntakeError('E_MULTIPART_MALFORMED', 'The multipart body has no boundary')
  }
}

function malformed(): IntakeError {
  return new IntakeError('E_MULTIPART_MALFORMED', MALFORMED)
}

function parse(
  request: IncomingMessage,
  parser: BusboyInstance,
  options: IntakeOptions
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>()
    let name: string | undefined
    let storing: Promise<IncomingFile> | null = null
    let receiving: Readable | null = null
    let isRefused = false
    const refuse = (code: IntakeErrorCode, message: string, field: string | null = null) => {
      const error = new IntakeError(code, message, field)
      isRefused = true
      // The file's stream would wait for ever for the rest of the body, and its handle stay open.
      receiving?.destroy(error)
      // A file that is still coming in would be left behind: it may have come in whole by now.
      const over = () => reject(error)
      Promise.resolve(storing)
        .then((file) => file?.discard())
        .then(over, over)
    }

    parser.on('file', (field, stream, filename) => {
      stream.on('error', () => {})
      if (isRefused) {
        stream.resume()
        return
      }
      if (field !== options.fileField || storing !== null) {
        stream.resume()
        const duplicate = field === options.fileField
        return refuse(
          duplicate ? 'E_DUPLICATE_FIELD' : 'E_MULTIPART_MALFORMED',
          duplicate ? 'Only one file is taken' : `The file must be sent as "${options.fileField}"`,
          field ?? null
        )
      }
      name = filename
      receiving = stream
      const expectedBytes = Number(request.headers['content-length'] ?? 0)
      storing = takeIn(stream, { ...options, expectedBytes })
      let broken: Error | null = null
      stream.once('error', (error) => (broken = error))
      // A part that breaks off fails before the parser says why.
      storing.catch((error: unknown) =>
        reject(error === broken && !(error instanceof IntakeError) ? malformed() : error)
      )
    })
    parser.on('field', (field, value, _nameTruncated, valueTruncated) => {
      if (valueTruncated) {
        return refuse('E_FIELD_TOO_LARGE', 'The value is too long', field)
      }
      if (fields.has(field)) {
        return refuse('E_DUPLICATE_FIELD', 'The field is given more than once', field)
      }
      fields.set(field, value)
    })
    parser.on('fieldsLimit', () => refuse('E_TOO_MANY_FIELDS', 'There are too many fields'))
    parser.on('partsLimit', () => refuse('E_TOO_MANY_FIELDS', 'There are too many parts'))
    parser.on('error', () => refuse('E_MULTIPART_MALFORMED', MALFORMED))
    parser.on('finish', () => {
      if (!isRefused) {
        Promise.resolve(storing).then((file) => resolve({ file, filename: name, fields }), reject)
      }
    })

    const aborted = () => refuse('E_UPLOAD_ABORTED', 'The upload was broken off')
    request.once('error', aborted)
    request.once('close', () => {
      if (!request.complete) {
        aborted()
      }
    })
    request.pipe(parser)
  })
}

/**
 * Takes a part in. What it has come to when it fails is given back.
 *
 * @throws IntakeError E_FILE_TOO_LARGE, whatever the stream fails with, or a file system's error
 */
async function takeIn(stream: Readable, options: FileIntakeOptions): Promise<IncomingFile> {
  const file = new IncomingFile(options)
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (file.size + chunk.length > options.maxFileBytes) {
        throw new IntakeError(
          'E_FILE_TOO_LARGE',
          `The file is larger than ${options.maxFileBytes} bytes`,
          options.fileField
        )
      }
      await file.write(chunk)
    }
    await file.end()
    return file
  } catch (error) {
    await file.discard()
    throw error
  }
}

/** Lets a refused body run out, up to a bound: a client that is still sending would not see its answer. */
function drain(request: IncomingMessage, parser: BusboyInstance): void {
  request.unpipe(parser)
  parser.on('error', () => {})
  parser.destroy()
  let left = DRAIN_BYTES
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) {
      request.destroy()
    }
  })
  request.resume()
}

/** The last part of a path, without control characters, of bounded length. */
function cleanName(filename: string | undefined): string {
  const last = basename((filename ?? '').replaceAll('\\', '/'))
  const clean = last.replaceAll(/\p{Cc}/gu, '').trim()
  return [...(clean === '' ? 'image' : clean)]
    .slice(0, NAME_CHARACTERS)
    .join('')
    .slice(0, NAME_CHARACTERS)
}
