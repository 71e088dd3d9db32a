import { connect } from 'node:net'
import type { WireAnswer } from './openapi.ts'

export interface RawRequest {
  method: string
  /** As it is to stand in the first line: nothing is encoded. */
  target: string
  headers?: Array<[name: string, value: string]>
  body?: Uint8Array
  /** Ends the sending side when the body is out, as a client does that breaks off. */
  end?: boolean
}

const ANSWER_MILLISECONDS = 20_000

/**
 * Sends bytes that no HTTP client would, and reads what comes back to the end of the connection.
 *
 * @throws Error when the connection is reset or nothing comes
 */
export function sendRaw(url: string, request: RawRequest): Promise<WireAnswer | null> {
  const { hostname, port } = new URL(url)
  const { method, target, headers = [], body = new Uint8Array(), end = false } = request
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: picfast.test',
    'Connection: close',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true })
    socket.setTimeout(ANSWER_MILLISECONDS, () => {
      socket.destroy(new Error(`${method} ${target.slice(0, 80)} was not answered`))
    })
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => {
      socket.destroy()
      resolve(readAnswer(method, target, Buffer.concat(chunks)))
    })
    socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'))
    socket.write(body, () => end && socket.end())
  })
}

/** `null` when the server closed without a word. */
function readAnswer(method: string, target: string, bytes: Buffer): WireAnswer | null {
  if (bytes.length === 0) {
    return null
  }
  const split = bytes.indexOf('\r\n\r\n')
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, split).split('\r\n')
  const headers = new Headers()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  const rest = bytes.subarray(split + 4)
  const isChunked = headers.get('transfer-encoding') === 'chunked'
  return {
    method,
    path: target.split(/[?#]/)[0] ?? '',
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]),
    headers,
    body: isChunked ? joinChunks(rest) : rest,
  }
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = size === 0 ? bytes.length : lineEnd + 2 + size + 2
  }
  return Buffer.concat(chunks)
}
