import { createReadStream } from 'node:fs'
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream'
import { text } from 'node:stream/consumers'
import { PassingStorageError, StorageError } from './errors.ts'

/** A stretch of a file's bytes. */
export interface FileSlice {
  path: string
  start: number
  length: number
}

export interface ExchangeRequest {
  method: string
  url: URL
  headers: OutgoingHttpHeaders
  body?: Buffer | FileSlice
  /** How long the other side may keep still, in milliseconds. */
  patience?: number
}

const KEPT_ALIVE = { keepAlive: true, timeout: 20_000 } as const
const agents = { 'http:': new HttpAgent(KEPT_ALIVE), 'https:': new HttpsAgent(KEPT_ALIVE) }

const PATIENCE_MILLISECONDS = 30_000
/** A body waits for the one who reads it, who may be slow. */
const BODY_PATIENCE_MILLISECONDS = 5 * 60_000
const READ_CHUNK_BYTES = 256 * 1024

/** Overloaded, restarting, or out of reach behind its gateway. */
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504])

export const isPassing = (status: number): boolean => PASSING_STATUSES.has(status)

/**
 * Sends one request, its body streamed, and answers once the headers of the response are there. The caller reads the
 * body, or drops it with `discard`.
 *
 * @throws PassingStorageError when there is no response, StorageError when the file that is sent cannot be read
 */
export function exchange(request: ExchangeRequest): Promise<IncomingMessage> {
  const { method, url, headers, body, patience = PATIENCE_MILLISECONDS } = request
  return new Promise((resolve, reject) => {
    const isSecure = url.protocol === 'https:'
    const options = { method, headers, timeout: patience }
    const outgoing = isSecure
      ? httpsRequest(url, { ...options, agent: agents['https:'] })
      : httpRequest(url, { ...options, agent: agents['http:'] })
    outgoing.on('timeout', () => outgoing.destroy(new Error('It kept still for too long')))
    outgoing.on('response', (response) => {
      outgoing.setTimeout(BODY_PATIENCE_MILLISECONDS)
      // Errors of a body reach who reads it; without a reader they must not end the process.
      response.on('error', () => {})
      resolve(response)
    })
    outgoing.on('error', (error) => reject(asExchangeError(url, error)))
    if (body === undefined || Buffer.isBuffer(body)) {
      outgoing.end(body)
      return
    }
    pipeline(openSlice(body), outgoing, (error) => {
      if (error) {
        outgoing.destroy(error)
      }
    })
  })
}

/** Reads a slice of a file, in order. */
export function openSlice({ path, start, length }: FileSlice) {
  return createReadStream(path, {
    start,
    end: start + length - 1,
    highWaterMark: READ_CHUNK_BYTES,
  })
}

/** Reads a short body whole. @throws PassingStorageError when it breaks off */
export async function readText(response: IncomingMessage): Promise<string> {
  try {
    return await text(response)
  } catch (error) {
    throw new PassingStorageError('The answer broke off', { cause: error })
  }
}

/** Lets a body that nobody wants run out, so that its connection can be used again. */
export function discard(response: IncomingMessage): void {
  response.resume()
}

function asExchangeError(url: URL, error: Error): StorageError {
  if ('syscall' in error && (error.syscall === 'open' || error.syscall === 'read')) {
    const isLocalFile = 'path' in error
    if (isLocalFile) {
      return new StorageError('E_STORAGE_UNAVAILABLE', 'A temporary file cannot be read', {
        cause: error,
      })
    }
  }
  return new PassingStorageError(`${url.host} cannot be reached (${error.message})`, {
    cause: error,
  })
}
