import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { XMLParser } from 'fast-xml-parser'
import { PassingStorageError, StorageError } from './errors.ts'
import { discard, exchange, isPassing, readText, type FileSlice } from './exchange.ts'
import { withRetries } from './retries.ts'

/** A folder on a WebDAV server, and who we are there. */
export interface WebdavEndpoint {
  /** Without a slash at its end. */
  url: string
  username: string | null
  password: string | null
}

export interface WebdavRequest {
  method: 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'MKCOL' | 'MOVE' | 'PROPFIND'
  /** Below the endpoint, parted by slashes; '' is the endpoint itself. */
  path: string
  headers?: OutgoingHttpHeaders
  body?: Buffer | FileSlice
  /** Statuses that are answers, beside those of success. */
  answers?: readonly number[]
  attempts?: number
  patience?: number
}

/** One entry of a folder. */
export interface WebdavEntry {
  /** Below the endpoint. */
  path: string
  isFolder: boolean
  size: number
  lastModified: Date
}

const LOCKED = 423

const PROPERTIES = `<?xml version="1.0"?>
<propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getlastmodified/></prop></propfind>`

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  removeNSPrefix: true,
  isArray: (name) => name === 'response' || name === 'propstat',
})

/** Requests to a WebDAV server, sent again while the failure is a passing one. */
export class WebdavClient {
  readonly #endpoint: () => Promise<WebdavEndpoint>

  constructor(endpoint: () => Promise<WebdavEndpoint>) {
    this.#endpoint = endpoint
  }

  /**
   * The response, when it is one of success or of those that the caller knows. The caller reads its body.
   *
   * @throws StorageError E_STORAGE_REFUSED, E_STORAGE_UNAVAILABLE
   */
  async send(request: WebdavRequest): Promise<IncomingMessage> {
    const endpoint = await this.#endpoint()
    return withRetries(() => sendOnce(endpoint, request), { attempts: request.attempts })
  }

  /** Sends what has no answer worth reading; answers its status. */
  async do(request: WebdavRequest): Promise<number> {
    const response = await this.send(request)
    discard(response)
    return response.statusCode ?? 0
  }

  /** What is at a path, or `null`. */
  async find(path: string): Promise<WebdavEntry | null> {
    const found = (await this.#propfind(path, '0')) ?? []
    return found.find((entry) => entry.path === path) ?? null
  }

  /** What a folder holds, itself left out; `null` when there is no such folder. */
  async list(path: string): Promise<WebdavEntry[] | null> {
    const found = await this.#propfind(path === '' ? '' : `${path}/`, '1')
    return found && found.filter((entry) => entry.path !== path)
  }

  /** The address of a path, for a server to move things to. */
  async addressOf(path: string): Promise<string> {
    return addressOf(await this.#endpoint(), path)
  }

  async #propfind(path: string, depth: '0' | '1'): Promise<WebdavEntry[] | null> {
    const endpoint = await this.#endpoint()
    return withRetries(async () => {
      const response = await sendOnce(endpoint, {
        method: 'PROPFIND',
        path,
        headers: { 'Depth': depth, 'Content-Type': 'application/xml' },
        body: Buffer.from(PROPERTIES),
        answers: [404],
      })
      if (response.statusCode === 404) {
        discard(response)
        return null
      }
      return entriesOf(await readText(response), endpoint.url)
    })
  }
}

function addressOf({ url }: WebdavEndpoint, path: string): string {
  return `${url}/${path.split('/').map(encodeURIComponent).join('/')}`
}

async function sendOnce(
  endpoint: WebdavEndpoint,
  { method, path, headers, body, answers = [], patience }: WebdavRequest
): Promise<IncomingMessage> {
  const length = Buffer.isBuffer(body) ? body.length : body?.length
  const url = new URL(addressOf(endpoint, path))
  const response = await exchange({
    method,
    url,
    headers: {
      ...(endpoint.username === null ? {} : { Authorization: basicOf(endpoint) }),
      ...(length === undefined ? {} : { 'Content-Length': length }),
      'Accept-Encoding': 'identity',
      ...headers,
    },
    body,
    patience,
  })
  const status = response.statusCode ?? 0
  if ((status >= 200 && status < 300) || answers.includes(status)) {
    return response
  }
  discard(response)
  throw failureOf(status, url.host)
}

function basicOf({ username, password }: WebdavEndpoint): string {
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
}

function failureOf(status: number, host: string): StorageError {
  if (isPassing(status) || status === LOCKED) {
    return new PassingStorageError(`${host} cannot answer now (HTTP ${status})`)
  }
  return status === 401 || status === 403
    ? new StorageError('E_STORAGE_REFUSED', `${host} refuses the credentials (HTTP ${status})`)
    : new StorageError('E_STORAGE_UNAVAILABLE', `${host} refuses the request (HTTP ${status})`)
}

/** @throws StorageError when it is not what PROPFIND answers */
function entriesOf(xml: string, endpointUrl: string): WebdavEntry[] {
  const root = decodeURIComponent(new URL(endpointUrl).pathname.replace(/\/$/, ''))
  try {
    const answer: MultiStatus = parser.parse(xml)
    return (answer.multistatus?.response ?? []).flatMap(({ href = '', propstat = [] }) => {
      const path = decodeURIComponent(new URL(href, endpointUrl).pathname)
      const properties = propstat.find(({ status = '' }) => / 200\b/.test(status))?.prop ?? {}
      return path !== root && !path.startsWith(`${root}/`)
        ? []
        : [
            {
              path: path.slice(root.length + 1).replace(/\/$/, ''),
              isFolder: isFolder(properties.resourcetype),
              size: Number(properties.getcontentlength ?? 0),
              lastModified: new Date(properties.getlastmodified ?? 0),
            },
          ]
    })
  } catch (error) {
    throw new StorageError('E_STORAGE_UNAVAILABLE', 'The server does not speak WebDAV', {
      cause: error,
    })
  }
}

interface MultiStatus {
  multistatus?: {
    response?: Array<{
      href?: string
      propstat?: Array<{
        status?: string
        prop?: { resourcetype?: unknown; getcontentlength?: string; getlastmodified?: string }
      }>
    }>
  }
}

function isFolder(type: unknown): boolean {
  return typeof type === 'object' && type !== null && 'collection' in type
}
