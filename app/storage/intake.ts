import { createHash } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { asStorageError } from './errors.ts'

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

export interface IntakeOptions {
  temporaryPath: () => Promise<string>
  maxFileBytes: number
  maxFields: number
  maxFieldBytes: number
  /** The name of the part that holds the file. */
  fileField: string
}

/** A file that lies on disk, flushed and hashed, until it is moved or discarded. Hashes are hex. */
export interface ReceivedUpload {
  temporaryPath: string
  originName: string
  size: number
  sha256: string
  md5: string
  sha1: string
  fields: Map<string, string>
  /** Removes the temporary file; does nothing when it was moved. */
  discard(): Promise<void>
}

const NAME_CHARACTERS = 255
const MAXIMUM_PART_HEADER_BYTES = 16 * 1024
const FILE_CHUNK_BYTES = 256 * 1024
/** What is left of a refused body is read for so long, so that the client comes to read its answer. */
const DRAIN_BYTES = 256 * 1024 * 1024

/**
 * Takes one multipart upload from the socket to the disk: never more than a few chunks in memory, hashed on the way,
 * flushed when it resolves. On any failure the temporary file is gone.
 *
 * @throws IntakeError when the request is not what it should be
 * @throws StorageError E_STORAGE_UNAVAILABLE when the file cannot be written
 */
export async function receiveUpload(
  request: IncomingMessage,
  options: IntakeOptions
): Promise<ReceivedUpload> {
  const parser = createParser(request, options)
  const temporaryPath = await options.temporaryPath()
  const discard = () => rm(temporaryPath, { force: true }).catch(() => {})
  try {
    const { file, fields } = await parse(request, parser, options, temporaryPath)
    if (file === null) {
      throw new IntakeError('E_FILE_MISSING', 'A file is required', options.fileField)
    }
    if (file.size === 0) {
      throw new IntakeError('E_FILE_EMPTY', 'The file is empty', options.fileField)
    }
    return { ...file, temporaryPath, fields, discard }
  } catch (error) {
    drain(request, parser)
    await discard()
    throw asStorageError(error)
  }
}

/** The bytes that are taken, and where they are put meanwhile. */
export type FileIntakeOptions = Pick<IntakeOptions, 'temporaryPath' | 'maxFileBytes' | 'fileField'>

/**
 * Takes one file from a stream to the disk, as `receiveUpload` takes one from a multipart body.
 *
 * @throws IntakeError when it is empty or too large, StorageError E_STORAGE_UNAVAILABLE when it cannot be written, and
 * whatever the stream fails with
 */
export async function receiveStream(
  stream: Readable,
  filename: string | undefined,
  options: FileIntakeOptions
): Promise<ReceivedUpload> {
  const temporaryPath = await options.temporaryPath()
  const discard = () => rm(temporaryPath, { force: true }).catch(() => {})
  try {
    const file = await storeFile(stream, temporaryPath, options)
    if (file.size === 0) {
      throw new IntakeError('E_FILE_EMPTY', 'The file is empty', options.fileField)
    }
    return { ...file, originName: cleanName(filename), temporaryPath, fields: new Map(), discard }
  } catch (error) {
    stream.destroy()
    await discard()
    throw asStorageError(error)
  }
}

interface StoredFile {
  originName: string
  size: number
  sha256: string
  md5: string
  sha1: string
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

function parse(
  request: IncomingMessage,
  parser: BusboyInstance,
  options: IntakeOptions,
  temporaryPath: string
): Promise<{ file: StoredFile | null; fields: Map<string, string> }> {
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>()
    let storing: Promise<StoredFile> | null = null
    let receiving: Readable | null = null
    let isRefused = false
    const refuse = (code: IntakeErrorCode, message: string, field: string | null = null) => {
      const error = new IntakeError(code, message, field)
      isRefused = true
      // The file's stream would wait for ever for the rest of the body, and its handle stay open.
      receiving?.destroy(error)
      // A file that is still being opened would be made after it was discarded.
      const over = () => reject(error)
      Promise.resolve(storing).then(over, over)
    }

    parser.on('file', (name, stream, filename) => {
      stream.on('error', () => {})
      if (isRefused) {
        stream.resume()
        return
      }
      if (name !== options.fileField || storing !== null) {
        stream.resume()
        const duplicate = name === options.fileField
        return refuse(
          duplicate ? 'E_DUPLICATE_FIELD' : 'E_MULTIPART_MALFORMED',
          duplicate ? 'Only one file is taken' : `The file must be sent as "${options.fileField}"`,
          name ?? null
        )
      }
      receiving = stream
      storing = storeFile(stream, temporaryPath, options).then((stored) => ({
        originName: cleanName(filename),
        ...stored,
      }))
      storing.catch(reject)
    })
    parser.on('field', (name, value, _nameTruncated, valueTruncated) => {
      if (valueTruncated) {
        return refuse('E_FIELD_TOO_LARGE', 'The value is too long', name)
      }
      if (fields.has(name)) {
        return refuse('E_DUPLICATE_FIELD', 'The field is given more than once', name)
      }
      fields.set(name, value)
    })
    parser.on('fieldsLimit', () => refuse('E_TOO_MANY_FIELDS', 'There are too many fields'))
    parser.on('partsLimit', () => refuse('E_TOO_MANY_FIELDS', 'There are too many parts'))
    parser.on('error', () => refuse('E_MULTIPART_MALFORMED', 'The multipart body is malformed'))
    parser.on('finish', () => {
      Promise.resolve(storing).then((file) => resolve({ file, fields }), reject)
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
 * Writes a part to a file while hashing it; a store that takes it in makes it durable. Each hash sees each byte once, in
 * the order of the file.
 */
async function storeFile(
  stream: Readable & { truncated?: boolean },
  path: string,
  { maxFileBytes, fileField }: FileIntakeOptions
): Promise<Omit<StoredFile, 'originName'>> {
  const hashes = { sha256: createHash('sha256'), md5: createHash('md5'), sha1: createHash('sha1') }
  const file = await open(path, 'wx', 0o640)
  try {
    let size = 0
    for await (const chunk of batched(stream)) {
      size += chunk.length
      if (size > maxFileBytes) {
        throw new IntakeError(
          'E_FILE_TOO_LARGE',
          `The file is larger than ${maxFileBytes} bytes`,
          fileField
        )
      }
      // The disk works on these bytes while the processor hashes them.
      const writing = writeFully(file, chunk)
      writing.catch(() => {})
      hashes.sha256.update(chunk)
      hashes.md5.update(chunk)
      hashes.sha1.update(chunk)
      await writing
    }
    return {
      size,
      sha256: hashes.sha256.digest('hex'),
      md5: hashes.md5.digest('hex'),
      sha1: hashes.sha1.digest('hex'),
    }
  } finally {
    await file.close()
  }
}

/** The chunks of a socket are small: they are gathered, so that each write and hash call has something to do. */
async function* batched(stream: Readable): AsyncIterable<Buffer> {
  let chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= FILE_CHUNK_BYTES) {
      yield Buffer.concat(chunks, length)
      chunks = []
      length = 0
    }
  }
  if (length > 0) {
    yield chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length)
  }
}

async function writeFully(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let offset = 0; offset < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, offset)
    offset += bytesWritten
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
