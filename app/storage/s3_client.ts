import type { IncomingMessage } from 'node:http'
import aws4 from 'aws4'
import { XMLParser } from 'fast-xml-parser'
import { PassingStorageError, StorageError } from './errors.ts'
import { discard, exchange, isPassing, readText, type FileSlice } from './exchange.ts'
import { digestOf, type Digest } from './file_digest.ts'
import { withRetries } from './retries.ts'
import type { S3Endpoint } from './s3_endpoint.ts'

export interface S3Request {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** The object's; the request is for the bucket without one. */
  key?: string
  query?: Readonly<Record<string, string>>
  headers?: Readonly<Record<string, string>>
  body?: Buffer | { slice: FileSlice; digest: Digest }
  attempts?: number
  patience?: number
}

/** Nothing is there; for a bucket, that it is not is a matter of its own. */
class NotFoundError extends Error {}

const EMPTY = Buffer.alloc(0)
const TRANSIENT_CODES = new Set(['RequestTimeout', 'SlowDown', 'InternalError', 'OperationAborted'])

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false })

/** Requests to a bucket, signed (Signature Version 4, body included), sent again while the failure is a passing one. */
export class S3Client {
  readonly #endpoint: () => Promise<S3Endpoint>

  constructor(endpoint: () => Promise<S3Endpoint>) {
    this.#endpoint = endpoint
  }

  /**
   * The response, or `null` when there is no such object. The caller reads its body.
   *
   * @throws StorageError E_STORAGE_REFUSED, E_STORAGE_UNAVAILABLE
   */
  async send(request: S3Request): Promise<IncomingMessage | null> {
    const endpoint = await this.#endpoint()
    try {
      return await withRetries(() => sendOnce(endpoint, request), { attempts: request.attempts })
    } catch (error) {
      if (error instanceof NotFoundError) {
        return null
      }
      throw error
    }
  }

  /** The same for answers in XML; `null` when there is no such object or upload. */
  async sendForXml(request: S3Request): Promise<Record<string, unknown> | null> {
    const endpoint = await this.#endpoint()
    try {
      return await withRetries(async () => {
        const answer = parseXml(await readText(await sendOnce(endpoint, request)))
        // A long operation answers 200 first and tells afterwards that it has failed.
        if ('Error' in answer) {
          throw failureOf(200, codeOf(answer), endpoint)
        }
        return answer
      })
    } catch (error) {
      if (error instanceof NotFoundError) {
        return null
      }
      throw error
    }
  }

  /** Sends what has no answer worth reading. */
  async do(request: S3Request): Promise<void> {
    const response = await this.send(request)
    if (response !== null) {
      discard(response)
    }
  }
}

async function sendOnce(endpoint: S3Endpoint, request: S3Request): Promise<IncomingMessage> {
  const { method, key, query = {}, body = EMPTY } = request
  const bucket = new URL(endpoint.bucketUrl)
  const isBuffer = Buffer.isBuffer(body)
  const { sha256, md5 } = isBuffer ? digestOf(body) : body.digest
  const length = isBuffer ? body.length : body.slice.length
  const path =
    key === undefined
      ? bucket.pathname
      : `${bucket.pathname.replace(/\/$/, '')}/${key.split('/').map(encodeURIComponent).join('/')}`
  const search = new URLSearchParams(query).toString()
  const sends = method === 'PUT' || method === 'POST'
  const signed = aws4.sign(
    {
      service: 's3',
      region: endpoint.region,
      method,
      host: bucket.host,
      path: search === '' ? path : `${path}?${search.replaceAll('+', '%20')}`,
      headers: {
        ...request.headers,
        'x-amz-content-sha256': sha256,
        ...(sends ? { 'Content-Length': length } : {}),
        ...(sends && length > 0 ? { 'Content-MD5': md5 } : {}),
      },
    },
    { accessKeyId: endpoint.accessKey, secretAccessKey: endpoint.secretKey }
  )
  const response = await exchange({
    method,
    url: new URL(bucket.origin + signed.path),
    headers: signed.headers ?? {},
    body: isBuffer ? body : body.slice,
    patience: request.patience,
  })
  const status = response.statusCode ?? 0
  if (status >= 200 && status < 300) {
    return response
  }
  throw failureOf(status, codeOf(parseXml(await readText(response))), endpoint)
}

/** `code` as S3 names the error; `null` where there is no body to tell it. */
function failureOf(status: number, code: string | null, { bucketUrl, region }: S3Endpoint): Error {
  const { host } = new URL(bucketUrl)
  const told = code ?? `HTTP ${status}`
  if (code === 'NoSuchBucket') {
    return new StorageError('E_STORAGE_UNAVAILABLE', `${host} has no such bucket`)
  }
  if (status === 404) {
    return new NotFoundError()
  }
  if (isPassing(status) || (code !== null && TRANSIENT_CODES.has(code))) {
    return new PassingStorageError(`${host} cannot answer now (${told})`)
  }
  if (status === 401 || status === 403) {
    return new StorageError('E_STORAGE_REFUSED', `${host} refuses the credentials (${told})`)
  }
  return new StorageError(
    'E_STORAGE_UNAVAILABLE',
    status >= 300 && status < 400
      ? `${host} says that the bucket is elsewhere than in the region ${region} (${told})`
      : `${host} refuses the request (${told})`
  )
}

function parseXml(text: string): Record<string, unknown> {
  try {
    return objectOf(parser.parse(text))
  } catch {
    return {}
  }
}

function codeOf(answer: Record<string, unknown>): string | null {
  const code = objectOf(answer['Error'])['Code']
  return typeof code === 'string' ? code : null
}

/** A part of an answer that should have parts; the other side is not trusted to send any. */
export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
