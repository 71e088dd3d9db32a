import { readSiblingMessage, type SiblingMessage } from '#supervisor/sibling_messages'

/** Where messages go to and come from: this process, as whoever started it sees it. */
export interface SiblingChannel {
  send?(message: SiblingMessage): unknown
  on(event: 'message', listener: (message: unknown) => void): unknown
}

/** Longer than the supervisor waits for the others. */
const PATIENCE_MILLISECONDS = 1_500

type Answering = (payload: unknown) => unknown

/** The other web processes of this site on this machine. Without a supervisor that knows of others there are none. */
export class Siblings {
  readonly #channel: SiblingChannel | null
  readonly #answering = new Map<string, Answering>()
  readonly #asked = new Map<number, (answers: unknown[]) => void>()
  #last = 0

  /** `channel` is `null` where there are no others. */
  constructor(channel: SiblingChannel | null) {
    this.#channel = channel
    channel?.on('message', (message) => void this.#heard(message))
  }

  /** How questions of a kind are answered here. */
  answer(kind: string, answering: Answering): void {
    this.#answering.set(kind, answering)
  }

  /** Begins to answer what others ask. */
  join(): void {
    this.#channel?.send?.({ sibling: 'hello' })
  }

  /** What all others answer; one that does not in a second, or dies, is left out. */
  async ask(kind: string, payload: unknown = null): Promise<unknown[]> {
    if (this.#channel === null) {
      return []
    }
    const id = (this.#last += 1)
    const { promise, resolve } = Promise.withResolvers<unknown[]>()
    const timer = setTimeout(() => resolve([]), PATIENCE_MILLISECONDS)
    this.#asked.set(id, resolve)
    try {
      this.#channel.send?.({ sibling: 'ask', id, kind, payload })
      return await promise
    } finally {
      clearTimeout(timer)
      this.#asked.delete(id)
    }
  }

  async #heard(said: unknown): Promise<void> {
    const message = readSiblingMessage(said)
    if (message?.sibling === 'answers') {
      this.#asked.get(message.id)?.(message.answers)
    }
    if (message?.sibling === 'ask') {
      const answer = await this.#answering.get(message.kind)?.(message.payload)
      this.#channel?.send?.({ sibling: 'answer', id: message.id, answer: answer ?? null })
    }
  }
}
