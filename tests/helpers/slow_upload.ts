import { request, type ClientRequest } from 'node:http'
import { randomBytes } from 'node:crypto'

/** An upload whose file stops half-way until it is told to go on. */
export interface SlowUpload {
  /** Sends the rest; resolves with the status of the answer and what it holds. */
  finish(): Promise<{ status: number; body: string }>
}

/** Begins an upload to the URL; resolves when half of the file has been handed to the network. */
export async function beginUpload(
  url: string,
  file: Uint8Array,
  headers: Record<string, string> = {}
): Promise<SlowUpload> {
  const boundary = randomBytes(12).toString('hex')
  const half = file.length >> 1
  const sent = request(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': `multipart/form-data; boundary=${boundary}` },
  })
  const answered = answerTo(sent)
  // It is awaited later: until then a failure must not count as unhandled.
  answered.catch(() => {})
  await write(
    sent,
    Buffer.concat([
      Buffer.from(
        `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="slow.png"\r\n` +
          'content-type: application/octet-stream\r\n\r\n'
      ),
      file.subarray(0, half),
    ])
  )
  return {
    finish() {
      sent.end(Buffer.concat([file.subarray(half), Buffer.from(`\r\n--${boundary}--\r\n`)]))
      return answered
    },
  }
}

function write(sent: ClientRequest, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    sent.once('error', reject)
    sent.write(bytes, () => resolve())
  })
}

function answerTo(sent: ClientRequest): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
        })
      )
    })
  })
}
