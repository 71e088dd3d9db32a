import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { pipeline, Transform, type Readable } from 'node:stream'
import { RemoteError } from './errors.ts'
import { isForbiddenPort } from './forbidden_ports.ts'
import type { IsReachable } from './reachable_addresses.ts'

const MOST_REDIRECTS = 5
const LONGEST_URL = 2048
const PATIENCE_MILLISECONDS = 30_000
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** All addresses of a name. */
export type ResolveName = (name: string) => Promise<readonly LookupAddress[]>

export interface SafeFetchOptions {
  isReachable: IsReachable
  /** The system's resolver unless told. */
  resolveName?: ResolveName
  /** For everything: names, redirects, all bytes. 30 seconds unless told. */
  patienceMilliseconds?: number
}

/** A file elsewhere; reading `body` fails with a RemoteError when it is too large or too slow. */
export interface RemoteFile {
  body: Readable
  /** Where it was found, after redirects. */
  url: URL
}

/**
 * Fetches files on a stranger's word. Every address is judged before it is connected to, at each redirect anew: a name is
 * resolved once, and the connection goes to the address that was judged.
 */
export class SafeFetch {
  readonly #isReachable: IsReachable
  readonly #resolveName: ResolveName
  readonly #patience: number

  constructor({ isReachable, resolveName, patienceMilliseconds }: SafeFetchOptions) {
    this.#isReachable = isReachable
    this.#resolveName = resolveName ?? resolveBySystem
    this.#patience = patienceMilliseconds ?? PATIENCE_MILLISECONDS
  }

  /**
   * Refuses an address of which it can be told without looking anything up that nothing will be fetched from it.
   *
   * @throws RemoteError E_URL_INVALID, E_URL_FORBIDDEN
   */
  check(address: string): void {
    const host = hostOf(parseUrl(address))
    if (isIP(host) !== 0) {
      this.#requireReachable(host, [host])
    }
  }

  /**
   * Opens a file of at most so many bytes. The caller reads the body, or destroys it.
   *
   * @throws RemoteError
   */
  async open(address: string, maxBytes: number): Promise<RemoteFile> {
    const signal = AbortSignal.timeout(this.#patience)
    let url = parseUrl(address)
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const response = await this.#get(url, signal)
      const status = response.statusCode ?? 0
      if (status === 200) {
        return { url, body: bounded(response, maxBytes, signal) }
      }
      response.destroy()
      const { location } = response.headers
      if (!REDIRECTS.has(status) || location === undefined) {
        throw new RemoteError('E_REMOTE_REFUSED', `The address answered ${status}`)
      }
      url = parseUrl(location, url)
    }
    throw new RemoteError('E_REMOTE_REFUSED', 'The address leads from redirect to redirect')
  }

  async #get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    const addresses = await this.#judge(hostOf(url), signal)
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(url, {
      signal,
      agent: false,
      lookup: pinnedTo(addresses),
      headers: { 'accept': 'image/*', 'accept-encoding': 'identity', 'user-agent': 'PicFast' },
    })
    request.end()
    try {
      const [response]: IncomingMessage[] = await once(request, 'response')
      if (response === undefined) {
        throw new TypeError('A response event without a response')
      }
      return response
    } catch (error) {
      throw asRemoteError(error, signal)
    }
  }

  /** The addresses to connect to. A name with any address that may not be reached is refused altogether. */
  async #judge(host: string, signal: AbortSignal): Promise<readonly LookupAddress[]> {
    const family = isIP(host)
    const addresses = family === 0 ? await this.#resolve(host, signal) : [{ address: host, family }]
    if (addresses.length === 0) {
      throw new RemoteError('E_REMOTE_UNREACHABLE', `${host} cannot be found`)
    }
    this.#requireReachable(
      host,
      addresses.map(({ address }) => address)
    )
    return addresses
  }

  #requireReachable(host: string, addresses: readonly string[]): void {
    if (!addresses.every((address) => this.#isReachable(address))) {
      throw new RemoteError('E_URL_FORBIDDEN', `${host} is not on the public internet`)
    }
  }

  async #resolve(name: string, signal: AbortSignal): Promise<readonly LookupAddress[]> {
    try {
      return await Promise.race([this.#resolveName(name), rejectedBy(signal)])
    } catch (error) {
      throw asRemoteError(error, signal, `${name} cannot be found`)
    }
  }
}

function parseUrl(address: string, base?: URL): URL {
  const url = address.length <= LONGEST_URL ? URL.parse(address, base?.href) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new RemoteError('E_URL_INVALID', 'The address must be one of the web: http(s)://…')
  }
  if (url.username !== '' || url.password !== '') {
    throw new RemoteError('E_URL_INVALID', 'The address must not hold a user or a password')
  }
  if (isForbiddenPort(url.port)) {
    throw new RemoteError('E_URL_FORBIDDEN', `Port ${url.port} is not one of the web`)
  }
  return url
}

/** The host without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}

/** The body, cut off with an error where it becomes too large or too slow. */
function bounded(response: IncomingMessage, maxBytes: number, signal: AbortSignal): Readable {
  const tooLarge = () =>
    new RemoteError('E_REMOTE_TOO_LARGE', `The file is larger than ${maxBytes} bytes`)
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) {
    response.destroy()
    throw tooLarge()
  }
  let size = 0
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      done(size > maxBytes ? tooLarge() : null, chunk)
    },
    destroy(error, done) {
      done(error && asRemoteError(error, signal))
    },
  })
  pipeline(response, body, () => {})
  return body
}

/** Makes a connection go to the addresses that were judged, whatever the name would resolve to by then. */
function pinnedTo(addresses: readonly LookupAddress[]): LookupFunction {
  return (_name, options, callback) => {
    if (options.all) {
      callback(null, [...addresses])
    } else {
      callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
    }
  }
}

function resolveBySystem(name: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(name, { all: true }, (error, addresses) =>
      error === null ? resolve(addresses) : reject(error)
    )
  })
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function asRemoteError(
  error: unknown,
  signal: AbortSignal,
  message = 'The address cannot be reached'
): RemoteError {
  if (error instanceof RemoteError) {
    return error
  }
  return signal.aborted
    ? new RemoteError('E_REMOTE_TOO_SLOW', 'The address took too long to answer', { cause: error })
    : new RemoteError('E_REMOTE_UNREACHABLE', message, { cause: error })
}
