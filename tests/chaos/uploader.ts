import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import sharp from 'sharp'

export interface Acknowledged {
  id: number
  url: string
  thumbnailUrl: string
  sha256: string
}

const RETRY_MILLISECONDS = 100

/** A small picture that no other number gives; it has no metadata, so it is served byte for byte. */
export function numberedPicture(number: number): Promise<Buffer> {
  const background = { r: number % 256, g: (number >> 8) % 256, b: (number >> 16) % 256 }
  return sharp({ create: { width: 48, height: 32, channels: 3, background } })
    .png()
    .toBuffer()
}

/**
 * Uploads picture after picture and keeps what was answered with 201. What fails is sent again under the same
 * Idempotency-Key, as a careful client does.
 */
export class Uploader {
  readonly acknowledged: Acknowledged[] = []
  /** What failed tries were answered. */
  readonly refusals: number[] = []
  readonly #url: string
  readonly #token: string
  readonly #patience: number
  #number: number
  #running: Promise<void> | null = null
  #stopping = false

  /** `patience`: how many milliseconds it waits for an answer before it tries again. */
  constructor(url: string, token: string, firstNumber: number, patience = 20_000) {
    this.#patience = patience
    this.#url = url
    this.#token = token
    this.#number = firstNumber
  }

  start(): void {
    this.#stopping = false
    this.#running = this.#run()
  }

  /** Finishes the upload in hand. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async #run() {
    while (!this.#stopping) {
      this.#number += 1
      await this.#upload(this.#number)
    }
  }

  async #upload(number: number) {
    const bytes = await numberedPicture(number)
    for (;;) {
      const answer = await this.#send(number, bytes).catch(() => null)
      if (answer?.status === 201) {
        const { data } = (await answer.json()) as {
          data: { id: number; links: { url: string; thumbnail_url: string } }
        }
        this.acknowledged.push({
          id: data.id,
          url: data.links.url,
          thumbnailUrl: data.links.thumbnail_url,
          sha256: createHash('sha256').update(bytes).digest('hex'),
        })
        return
      }
      if (answer !== null) {
        this.refusals.push(answer.status)
      }
      if (answer !== null && answer.status < 500) {
        throw new Error(`An upload was answered ${answer.status}: ${await answer.text()}`)
      }
      await delay(RETRY_MILLISECONDS)
    }
  }

  #send(number: number, bytes: Buffer) {
    const body = new FormData()
    body.set('file', new Blob([new Uint8Array(bytes)]), `picture ${number}.png`)
    body.set('permission', '1')
    return fetch(`${this.#url}/api/v1/images`, {
      method: 'POST',
      headers: { 'Authorization': `Bearer ${this.#token}`, 'Idempotency-Key': `upload-${number}` },
      body,
      signal: AbortSignal.timeout(this.#patience),
    })
  }
}
