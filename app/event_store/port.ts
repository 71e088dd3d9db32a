import type { DomainEvent, EventType } from '#domain/catalogue'
import type { StoredEvent } from './stored_event.ts'

/**
 * Who acted. `id` is the account's or token's id; `account_id` is the account behind a token.
 * An anonymous actor is a visitor; the system acts for no one (workers, the command line).
 */
export interface Actor {
  kind: 'account' | 'api_token' | 'anonymous' | 'system'
  id: number | null
  account_id: number | null
}

export type EventSource = 'api' | 'worker' | 'console' | 'setup'

/** The circumstances of an event. `ip` and `user_agent` are stored encrypted and are `null` once forgotten. */
export interface EventMetadata {
  correlation_id: string
  causation_id: string | null
  command_id: string | null
  actor: Actor
  ip: string | null
  user_agent: string | null
  source: EventSource
}

/** `none`: the stream must not exist; `exists`: it must; a number: its last version, the first event being 1. */
export type ExpectedVersion = 'any' | 'none' | 'exists' | number

export interface ClaimRequest {
  action: 'take' | 'release'
  scope: string
  value: string
}

/** A change of a bounded sum. With a limit, the append fails when the sum would exceed it; a decrease never fails. */
export interface BudgetRequest {
  scope: string
  delta: number
  limit: number | null
}

/** A command's id and a fingerprint of its body: the same id with another fingerprint is refused. */
export interface CommandReference {
  id: string
  fingerprint: string
}

/** A UUID to give to an event, so that a repeated cause cannot be recorded twice; drawn by the store when absent. */
export type NewEvent = DomainEvent & { id?: string }

export interface AppendRequest {
  stream: string
  expectedVersion: ExpectedVersion
  events: readonly NewEvent[]
  metadata: Omit<EventMetadata, 'command_id'>
  command?: CommandReference
  claims?: readonly ClaimRequest[]
  budgets?: readonly BudgetRequest[]
}

/**
 * What an append did. `repeated` is true when the command id was known: then nothing was written, and the positions
 * are those of the first time, and `eventIds` is empty.
 */
export interface AppendOutcome {
  stream: string
  /** The stream's version after the append. */
  version: number
  firstPosition: number
  lastPosition: number
  /** The ids of the events written, in their order. */
  eventIds: string[]
  repeated: boolean
}

/** An event as it was recorded, lifted to its present shape, personal data readable unless forgotten. */
export type RecordedEvent<Type extends EventType = EventType> =
  Extract<DomainEvent, { type: Type }> extends infer Event
    ? Event extends DomainEvent
      ? Event & RecordedEnvelope
      : never
    : never

/** What was recorded, without by whom and why. */
export type RecordedFact = RecordedEvent extends infer Event
  ? Event extends RecordedEvent
    ? Omit<Event, 'metadata'>
    : never
  : never

export interface RecordedEnvelope {
  id: string
  stream: string
  /** Dense within the stream, from 1. */
  version: number
  /** Dense over the whole log, from 1, in the order of commit. */
  position: number
  schemaVersion: number
  metadata: EventMetadata
  /** RFC 3339, UTC, milliseconds; never decreases along the log. */
  recordedAt: string
}

export interface ReadStreamOptions {
  /** First version to read, inclusive; 1 unless told. */
  from?: number
  /** Last version to read, inclusive. */
  to?: number
  backwards?: boolean
  limit?: number
  types?: readonly EventType[]
  /** Only what was recorded up to this moment (RFC 3339) or this global position, inclusive. */
  asOf?: string | number
}

export interface ReadAllOptions {
  /** Events after this position are read. */
  after: number
  limit: number
  /** Last position to read, inclusive. */
  upTo?: number
  types?: readonly EventType[]
  categories?: readonly string[]
}

/** A stretch of the log by position: up to `limit` events after `after`. */
export interface StoredRange {
  after: number
  limit: number
}

export interface LogHead {
  /** The last position, 0 for an empty log. */
  position: number
  /** The chain's last hash, hex. */
  hash: string
}

export interface SubscribeOptions {
  after: number
  batchSize?: number
  types?: readonly EventType[]
  categories?: readonly string[]
}

/** A batch of a subscription; `through` is the position up to which all was read, filtered or not. */
export interface SubscriptionBatch {
  events: RecordedEvent[]
  through: number
}

export interface Subscription {
  /** Stops after the batch in hand; resolves when no further call of the handler will come. */
  close(): Promise<void>
  /** Settles when the subscription ends: resolved by `close`, rejected by an error that the handler threw. */
  readonly ended: Promise<void>
}

/**
 * The log of events.
 *
 * `append` is atomic and durable when it resolves. It rejects with `VersionConflictError`, `ClaimTakenError`,
 * `BudgetExceededError`, `CommandIdReusedError`, `DuplicateEventIdError`, `UnknownEventTypeError`,
 * `InvalidEventError` or `EventStoreUnavailableError` (see `errors.ts`); in each case but the last nothing was written,
 * and after the last the same command id tells.
 */
export interface EventStore {
  append(request: AppendRequest): Promise<AppendOutcome>
  /**
   * The outcome of a command that was appended under this id, or `null`. Rejects with `CommandIdReusedError` when the
   * id was used with another fingerprint.
   */
  findCommand(command: CommandReference): Promise<AppendOutcome | null>
  /** The stream that holds a claim, or `null`. */
  findClaim(scope: string, value: string): Promise<string | null>
  /** The stream's events in order of version; empty for a stream that does not exist. */
  readStream(stream: string, options?: ReadStreamOptions): Promise<RecordedEvent[]>
  /** A page of the whole log, in order of position. */
  readAll(options: ReadAllOptions): Promise<RecordedEvent[]>
  /** As `readAll`, for those who fold a long log: a good part of each event is left where it is. */
  readFacts(options: ReadAllOptions): Promise<RecordedFact[]>
  /** The events at these positions, in order of position; those that do not exist are left out. */
  readAt(positions: readonly number[]): Promise<RecordedEvent[]>
  /** A page of the log as it lies there, for proofs and copies. */
  readStored(range: StoredRange): Promise<StoredEvent[]>
  head(): Promise<LogHead>
  /** Calls the handler with batches from `after` on, first history, then what comes; one call at a time. */
  subscribe(
    options: SubscribeOptions,
    handler: (batch: SubscriptionBatch) => Promise<void> | void
  ): Subscription
  /** Calls the listener, debounced, after new events were committed by any process. Returns how to stop. */
  onAppended(listener: (position: number) => void): () => void
  close(): Promise<void>
}
