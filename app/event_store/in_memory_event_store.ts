import { settleAppend, type AppendAnswer } from './append_errors.ts'
import { EventCodec, type EncodedAppend } from './event_codec.ts'
import { CommandIdReusedError } from './errors.ts'
import { InMemoryKeyRing, type KeyRing } from './key_ring.ts'
import type {
  AppendOutcome,
  AppendRequest,
  CommandReference,
  EventStore,
  LogHead,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  RecordedFact,
  StoredRange,
  SubscribeOptions,
  Subscription,
  SubscriptionBatch,
} from './port.ts'
import { chainHash, GENESIS_HASH, type StoredEvent } from './stored_event.ts'
import { streamReader } from './stream_selection.ts'
import { subscribeByReading } from './subscription.ts'
import { categoryOf } from '#domain/streams'

interface KnownCommand {
  stream: string
  fingerprint: string
  version: number
  firstPosition: number
  lastPosition: number
}

/** The log in memory, with the same rules as the durable one; for tests. */
export class InMemoryEventStore implements EventStore {
  readonly #codec: EventCodec
  readonly #now: () => number
  readonly #log: StoredEvent[] = []
  readonly #streams = new Map<string, StoredEvent[]>()
  readonly #ids = new Map<string, StoredEvent>()
  readonly #commands = new Map<string, KnownCommand>()
  readonly #claims = new Map<string, string>()
  readonly #budgets = new Map<string, number>()
  readonly #listeners = new Set<(position: number) => void>()

  constructor(options: { keyRing?: KeyRing; siteKey?: string; now?: () => number } = {}) {
    this.#now = options.now ?? Date.now
    this.#codec = new EventCodec(
      options.keyRing ?? new InMemoryKeyRing(),
      options.siteKey ?? 'in-memory'
    )
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    const encoded = await this.#codec.encode(request)
    const answer = this.#decide(encoded)
    if (answer.status === 'appended') {
      const { lastPosition } = answer
      queueMicrotask(() => this.#listeners.forEach((listener) => listener(lastPosition)))
    }
    const settled = settleAppend(encoded, answer)
    if (settled.status === 'rejected') {
      throw settled.reason
    }
    return settled.value
  }

  async findCommand({ id, fingerprint }: CommandReference): Promise<AppendOutcome | null> {
    const known = this.#commands.get(id)
    if (known === undefined) {
      return null
    }
    if (known.fingerprint !== fingerprint) {
      throw new CommandIdReusedError(id)
    }
    const { stream, version, firstPosition, lastPosition } = known
    return { stream, version, firstPosition, lastPosition, eventIds: [], repeated: true }
  }

  async findClaim(scope: string, value: string): Promise<string | null> {
    const claim = this.#codec.encodeClaim({ action: 'take', scope, value })
    return this.#claims.get(`${claim.scope}\n${claim.value}`) ?? null
  }

  async readStream(stream: string, options: ReadStreamOptions = {}): Promise<RecordedEvent[]> {
    return this.#codec.decode(streamReader(this.#streams.get(stream) ?? [], options))
  }

  readFacts(options: ReadAllOptions): Promise<RecordedFact[]> {
    return this.readAll(options)
  }

  async readAll(options: ReadAllOptions): Promise<RecordedEvent[]> {
    const { types, categories } = options
    const wantedTypes = types === undefined ? null : new Set<string>(types)
    const found: StoredEvent[] = []
    for (let index = options.after; index < this.#log.length; index++) {
      const event = this.#log[index]
      if (event === undefined || found.length >= options.limit) {
        break
      }
      if (options.upTo !== undefined && event.position > options.upTo) {
        break
      }
      if (wantedTypes !== null && !wantedTypes.has(event.type)) {
        continue
      }
      if (categories !== undefined && !categories.includes(categoryOf(event.stream))) {
        continue
      }
      found.push(event)
    }
    return this.#codec.decode(found)
  }

  async readAt(positions: readonly number[]): Promise<RecordedEvent[]> {
    const wanted = new Set(positions)
    return this.#codec.decode(this.#log.filter(({ position }) => wanted.has(position)))
  }

  async readStored({ after, limit }: StoredRange): Promise<StoredEvent[]> {
    return this.#log.slice(after, after + limit)
  }

  async head(): Promise<LogHead> {
    const last = this.#log.at(-1)
    return { position: last?.position ?? 0, hash: (last?.hash ?? GENESIS_HASH).toString('hex') }
  }

  subscribe(
    options: SubscribeOptions,
    handler: (batch: SubscriptionBatch) => Promise<void> | void
  ): Subscription {
    return subscribeByReading(this, options, handler, () => false)
  }

  onAppended(listener: (position: number) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close() {
    this.#listeners.clear()
  }

  #decide(append: EncodedAppend): AppendAnswer {
    const { stream, expectedVersion: expected, command } = append
    const known = command === null ? undefined : this.#commands.get(command.id)
    if (known !== undefined) {
      return known.fingerprint === command?.fingerprint
        ? { status: 'repeated', ...known }
        : { status: 'command_reused' }
    }
    for (const { id } of append.events) {
      const duplicate = this.#ids.get(id)
      if (duplicate !== undefined) {
        return { status: 'duplicate_event', ...duplicate }
      }
    }
    const version = this.#streams.get(stream)?.length ?? 0
    const matches =
      expected === 'any' ||
      (expected === 'exists' && version > 0) ||
      (expected === 'none' && version === 0) ||
      expected === version
    if (!matches) {
      return { status: 'version_conflict', version }
    }
    for (const claim of append.claims) {
      if (claim.action === 'take' && this.#claims.has(`${claim.scope}\n${claim.value}`)) {
        return { status: 'claim_taken', scope: claim.scope }
      }
    }
    for (const { scope, delta, limit } of append.budgets) {
      const used = this.#budgets.get(scope) ?? 0
      if (limit !== null && delta > 0 && used + delta > limit) {
        return { status: 'budget_exceeded', scope, limit, used, requested: delta }
      }
    }
    return this.#write(append, version)
  }

  #write(append: EncodedAppend, version: number): AppendAnswer {
    for (const claim of append.claims) {
      const name = `${claim.scope}\n${claim.value}`
      if (claim.action === 'take') {
        this.#claims.set(name, append.stream)
      } else if (this.#claims.get(name) === append.stream) {
        this.#claims.delete(name)
      }
    }
    for (const { scope, delta } of append.budgets) {
      this.#budgets.set(scope, (this.#budgets.get(scope) ?? 0) + delta)
    }
    const firstPosition = this.#log.length + 1
    const recordedAt = Math.max(this.#now(), this.#log.at(-1)?.recordedAt ?? 0)
    const events = this.#streams.get(append.stream) ?? []
    this.#streams.set(append.stream, events)
    for (const { id, type, schemaVersion, data } of append.events) {
      const unhashed = {
        position: this.#log.length + 1,
        stream: append.stream,
        version: events.length + 1,
        id,
        type,
        schemaVersion,
        data,
        metadata: append.metadata,
        recordedAt,
      }
      const previous = this.#log.at(-1)?.hash ?? GENESIS_HASH
      const stored = { ...unhashed, hash: chainHash(previous, unhashed) }
      this.#log.push(stored)
      events.push(stored)
      this.#ids.set(id, stored)
    }
    const outcome = {
      version: version + append.events.length,
      firstPosition,
      lastPosition: this.#log.length,
    }
    if (append.command !== null) {
      this.#commands.set(append.command.id, {
        fingerprint: append.command.fingerprint,
        stream: append.stream,
        ...outcome,
      })
    }
    return { status: 'appended', ...outcome }
  }
}
