/** A stream's last revision that an append expects; the words are those of the protocol. */
export type Expected = bigint | 'any' | 'no_stream' | 'stream_exists'

export interface Proposed {
  id: string
  type: string
  contentType: string
  data: Uint8Array
  metadata: Uint8Array
}

export interface Position {
  commit: bigint
  prepare: bigint
}

export interface RecordedMessage extends Proposed, Position {
  stream: string
  revision: bigint
  /** 100 nanoseconds since 1970. */
  createdTicks: bigint
}

export type WriteResult =
  | { kind: 'written'; revision: bigint; position: Position }
  | { kind: 'wrong_version'; current: bigint | null; expected: Expected }

const TICKS_A_MILLISECOND = 10_000n

export function isAfter(one: Position, other: Position): boolean {
  return one.commit > other.commit || (one.commit === other.commit && one.prepare > other.prepare)
}

/**
 * Streams and their order as EventStoreDB keeps them: positions with gaps, one commit position for all events of an append,
 * and its rules of idempotence: an append of events that are there already, where it would write them, is answered again.
 */
export class MemoryLog {
  readonly all: RecordedMessage[] = []
  readonly #streams = new Map<string, RecordedMessage[]>()
  readonly #listeners = new Set<() => void>()
  #offset = 0n

  append(stream: string, expected: Expected, events: readonly Proposed[]): WriteResult {
    const existing = this.#streams.get(stream) ?? []
    const current = BigInt(existing.length) - 1n
    const wrong = {
      kind: 'wrong_version',
      current: current < 0n ? null : current,
      expected,
    } as const
    if (expected === 'any' || expected === 'stream_exists') {
      const repeated = this.#findRepeated(existing, events)
      if (repeated !== null) {
        return repeated
      }
      if (expected === 'stream_exists' && current < 0n) {
        return wrong
      }
      return this.#write(stream, existing, events)
    }
    const before = expected === 'no_stream' ? -1n : expected
    if (before === current) {
      return this.#write(stream, existing, events)
    }
    const there = existing.slice(Number(before) + 1, Number(before) + 1 + events.length)
    const isRepeated =
      before < current &&
      there.length === events.length &&
      there.every(({ id }, index) => id === events[index]?.id)
    const last = there.at(-1)
    return isRepeated && last !== undefined ? written(last) : wrong
  }

  stream(name: string): readonly RecordedMessage[] | null {
    return this.#streams.get(name) ?? null
  }

  /** Something that the server itself writes between the events of its users. */
  appendNoise(): void {
    this.append('$stats-127.0.0.1:2113', 'any', [
      {
        id: crypto.randomUUID(),
        type: '$statsCollected',
        contentType: 'application/json',
        data: Buffer.from('{}'),
        metadata: new Uint8Array(),
      },
    ])
  }

  onWritten(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #findRepeated(existing: RecordedMessage[], events: readonly Proposed[]): WriteResult | null {
    const first = existing.findIndex(({ id }) => id === events[0]?.id)
    const there = first === -1 ? [] : existing.slice(first, first + events.length)
    const last = there.at(-1)
    const same = there.length === events.length && there.every(({ id }, i) => id === events[i]?.id)
    return same && last !== undefined ? written(last) : null
  }

  #write(stream: string, existing: RecordedMessage[], events: readonly Proposed[]): WriteResult {
    const prepares = events.map(({ data }) => (this.#offset += BigInt(data.length + 97)))
    const commit = (this.#offset += 41n)
    const createdTicks = BigInt(Date.now()) * TICKS_A_MILLISECOND
    const messages = events.map((event, index) => ({
      ...event,
      stream,
      revision: BigInt(existing.length + index),
      commit,
      prepare: prepares[index] ?? commit,
      createdTicks,
    }))
    this.#streams.set(stream, [...existing, ...messages])
    this.all.push(...messages)
    this.#listeners.forEach((listener) => listener())
    const last = messages.at(-1)
    return last === undefined
      ? { kind: 'wrong_version', current: null, expected: 'any' }
      : written(last)
  }
}

function written({ revision, commit, prepare }: RecordedMessage): WriteResult {
  return { kind: 'written', revision, position: { commit, prepare } }
}
