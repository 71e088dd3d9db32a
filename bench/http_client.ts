import { request, type Agent } from 'node:http'

/** A request: a body makes it a POST. */
export interface Wanted {
  url: string
  token?: string
  body?: string
}

/** Sends a request over kept connections and answers the body: a lean client takes little of the measured machine. */
export function send(agent: Agent, { url, token, body }: Wanted): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(
    url,
    {
      agent,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
    },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (answer.statusCode === 200) {
          resolve(text)
        } else {
          reject(new Error(`${url} was answered ${answer.statusCode}: ${text}`))
        }
      })
    }
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}
