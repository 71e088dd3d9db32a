import { request, type IncomingMessage } from 'node:http'
import { waitFor } from './wait_for.ts'

export interface StreamedEvent {
  id: number
  name: string
  data: { position: number; type?: string }
}

/** A client of server-sent events that keeps what it is sent. */
export class EventStreamClient {
  readonly response: IncomingMessage
  readonly #stop: () => void
  #text = ''
  #isOver = false

  private constructor(response: IncomingMessage, stop: () => void) {
    this.response = response
    this.#stop = stop
    response.setEncoding('utf8')
    response.on('data', (text: string) => (this.#text += text))
    response.once('close', () => (this.#isOver = true))
    response.on('error', () => {})
  }

  /** Resolves when the head of the answer is there. */
  static open(
    url: string,
    token: string | null,
    headers: Record<string, string> = {}
  ): Promise<EventStreamClient> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { headers: { authorization: `Bearer ${token}`, ...headers } })
      sent.on('error', reject)
      sent.once('response', (response) =>
        resolve(new EventStreamClient(response, () => sent.destroy()))
      )
      sent.end()
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Whole messages so far, also those that say only how far the stream has come. */
  get messages(): StreamedEvent[] {
    const blocks = this.#text.split('\n\n').slice(0, -1)
    return blocks.filter((block) => /^data: /m.test(block)).map(parseBlock)
  }

  /** The events of the log among them, by position. */
  get positions(): number[] {
    return this.messages.filter(({ name }) => name === 'message').map(({ id }) => id)
  }

  get lastId(): number {
    return this.messages.at(-1)?.id ?? 0
  }

  /** Waits until the message with an id, or one after it, has come. */
  async until(id: number): Promise<void> {
    await waitFor(() => this.lastId >= id, { what: `event ${id} on the stream` })
  }

  async untilOver(): Promise<void> {
    await waitFor(() => this.#isOver, { what: 'the end of the stream' })
  }

  stop(): void {
    this.#stop()
  }
}

function parseBlock(block: string): StreamedEvent {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)]
    })
  )
  return {
    id: Number(fields.get('id')),
    name: fields.get('event') ?? 'message',
    data: JSON.parse(fields.get('data') ?? 'null') as StreamedEvent['data'],
  }
}
