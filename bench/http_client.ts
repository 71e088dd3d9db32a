import { request, type Agent } from 'node:http'

/** A request: a body makes it a POST. */
export interface Wanted {
  url: string
  token?: string
  body?: string | Uint8Array
  /** What the body is; JSON unless told. */
  type?: string
  /** The status of the answer that is hoped for; 200 unless told. */
  status?: number
}

const CLOSED = ['EPIPE', 'ECONNRESET']

/** Sends a request over kept connections and answers the body: a lean client takes little of the measured machine. */
export function send(agent: Agent, wanted: Wanted): Promise<string> {
  const { url, token, body, type = 'application/json', status = 200 } = wanted
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(
    url,
    {
      agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': type }),
      },
    },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (answer.statusCode === status) {
          resolve(text)
        } else {
          reject(new Error(`${url} was answered ${answer.statusCode}: ${text}`))
        }
      })
    }
  )
  sent.on('error', (error: NodeJS.ErrnoException) => {
    // A server may close a kept connection in the moment in which it is used again.
    const wasClosed = sent.reusedSocket && CLOSED.includes(error.code ?? '')
    if (wasClosed) {
      resolve(send(agent, wanted))
    } else {
      reject(error)
    }
  })
  sent.end(body)
  return promise
}
