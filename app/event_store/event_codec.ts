import type { KeyObject } from 'node:crypto'
import { findEventDefinition, type EventType } from '#domain/catalogue'
import { drawEventId } from './event_id.ts'
import { InvalidEventError, UnknownEventTypeError } from './errors.ts'
import type { KeyRing } from './key_ring.ts'
import { metadataSubject, personalSubject, sealFields, subjectIn } from './personal_data.ts'
import type {
  AppendRequest,
  BudgetRequest,
  ClaimRequest,
  CommandReference,
  ExpectedVersion,
  NewEvent,
  RecordedEvent,
} from './port.ts'
import { METADATA_CONTEXT, PERSONAL_METADATA, readEvent } from './recorded_event.ts'
import { derivePurposeKey, fingerprint } from './sealing.ts'
import type { StoredEvent } from './stored_event.ts'
import type { Payload } from './upcasters.ts'

/** Claims whose values say something of a person are kept as keyed fingerprints. */
const PERSONAL_CLAIM_SCOPES: ReadonlySet<string> = new Set(['email'])

const STREAM_NAME = /^[a-z_]+(-[0-9A-Za-z_.:]+)?$/
const MAXIMUM_EVENTS_AN_APPEND = 10_000

export interface EncodedEvent {
  id: string
  type: EventType
  schemaVersion: number
  /** The payload as JSON text, personal fields sealed. */
  data: string
}

/** An append as it goes to the log: checked, sealed, serialised. */
export interface EncodedAppend {
  stream: string
  expectedVersion: ExpectedVersion
  events: EncodedEvent[]
  /** The metadata as JSON text, personal fields sealed. */
  metadata: string
  command: CommandReference | null
  claims: ClaimRequest[]
  budgets: BudgetRequest[]
  /** Whether the caller chose an event's id, so that the log may hold it already. */
  hasGivenIds: boolean
}

interface CheckedEvent {
  id: string
  type: EventType
  schemaVersion: number
  data: Payload
  fields: readonly string[]
  subject: string | null
}

/** Turns appends into their stored form and stored events into readable ones; every adapter uses it. */
export class EventCodec {
  readonly #keyRing: KeyRing
  readonly #claimKey: KeyObject
  readonly #today: () => string

  /** `siteKey` makes fingerprints of personal claims; `today` answers `YYYY-MM-DD`. */
  constructor(
    keyRing: KeyRing,
    siteKey: string,
    today = () => new Date().toISOString().slice(0, 10)
  ) {
    this.#keyRing = keyRing
    this.#claimKey = derivePurposeKey(siteKey, 'claims')
    this.#today = today
  }

  /**
   * @throws UnknownEventTypeError when a type is not in the catalogue
   * @throws InvalidEventError when a payload misses its schema, or the append is malformed
   */
  async encode(request: AppendRequest): Promise<EncodedAppend> {
    if (!STREAM_NAME.test(request.stream)) {
      throw new InvalidEventError(`"${request.stream}" is not a stream name`)
    }
    if (request.events.length === 0 || request.events.length > MAXIMUM_EVENTS_AN_APPEND) {
      throw new InvalidEventError(`An append takes 1 to ${MAXIMUM_EVENTS_AN_APPEND} events`)
    }
    const { expectedVersion } = request
    if (
      typeof expectedVersion === 'number' &&
      !(Number.isInteger(expectedVersion) && expectedVersion >= 0)
    ) {
      throw new InvalidEventError(`"${expectedVersion}" is not a version`)
    }

    const day = this.#today()
    const events = request.events.map((event) => this.#check(event, day))
    const metadata = { ...request.metadata, command_id: request.command?.id ?? null }
    const ofActor = metadataSubject(metadata, request.stream, day)
    const hasAddress = metadata.ip !== null || metadata.user_agent !== null
    const keys = await this.#obtainKeys(events, hasAddress ? ofActor : null)

    return {
      stream: request.stream,
      expectedVersion,
      events: events.map((event) => ({
        id: event.id,
        type: event.type,
        schemaVersion: event.schemaVersion,
        data: this.#serialise(event, keys),
      })),
      metadata: JSON.stringify(
        this.#sealed(metadata, PERSONAL_METADATA, ofActor, keys, METADATA_CONTEXT)
      ),
      command: request.command ?? null,
      claims: (request.claims ?? []).map((claim) => this.encodeClaim(claim)),
      budgets: combineBudgets(request.budgets ?? []),
      hasGivenIds: request.events.some((event) => event.id !== undefined),
    }
  }

  async decode(stored: readonly StoredEvent[]): Promise<RecordedEvent[]> {
    const subjects = new Set<string>()
    for (const event of stored) {
      for (const subject of [subjectIn(event.data), subjectIn(event.metadata)]) {
        if (subject !== null) {
          subjects.add(subject)
        }
      }
    }
    const keys = subjects.size === 0 ? new Map() : await this.#keyRing.find([...subjects])
    return stored.map((event) => readEvent(event, keys))
  }

  /** The claim as the log keeps it. */
  encodeClaim<Claim extends ClaimRequest>(claim: Claim): Claim {
    return PERSONAL_CLAIM_SCOPES.has(claim.scope)
      ? { ...claim, value: fingerprint(this.#claimKey, `${claim.scope}\n${claim.value}`) }
      : claim
  }

  #check(event: NewEvent, day: string): CheckedEvent {
    const definition = findEventDefinition(event.type)
    if (definition === undefined) {
      throw new UnknownEventTypeError(event.type)
    }
    const parsed = definition.schema.safeParse(event.data)
    if (!parsed.success) {
      const problems = parsed.error.issues.map(
        (problem) => `${problem.path.join('.')}: ${problem.message}`
      )
      throw new InvalidEventError(`${event.type} is not valid: ${problems.join('; ')}`)
    }
    const { personal } = definition
    return {
      id: event.id ?? drawEventId(),
      type: event.type,
      schemaVersion: definition.schemaVersion,
      data: { ...parsed.data } as Payload,
      fields: personal?.fields ?? [],
      subject: personal === null ? null : personalSubject(personal.subject(parsed.data), day),
    }
  }

  async #obtainKeys(events: readonly CheckedEvent[], actor: string | null) {
    const subjects = new Set<string>()
    for (const { data, fields, subject } of events) {
      if (subject !== null && fields.some((field) => data[field] !== null)) {
        subjects.add(subject)
      }
    }
    if (actor !== null) {
      subjects.add(actor)
    }
    return subjects.size === 0
      ? new Map<string, KeyObject | null>()
      : this.#keyRing.obtain([...subjects])
  }

  #serialise(event: CheckedEvent, keys: ReadonlyMap<string, KeyObject | null>): string {
    const { data, fields, subject, id } = event
    const text = JSON.stringify(
      subject === null ? data : this.#sealed(data, fields, subject, keys, id)
    )
    if (text.includes('\\u0000')) {
      throw new InvalidEventError(`${event.type} holds a NUL character`)
    }
    return text
  }

  /** Personal data of a forgotten person is never written again: its fields become `null`. */
  #sealed(
    value: object,
    fields: readonly string[],
    subject: string,
    keys: ReadonlyMap<string, KeyObject | null>,
    context: string
  ): Payload {
    const payload = value as Payload
    if (fields.every((field) => payload[field] === null)) {
      return payload
    }
    const key = keys.get(subject)
    return key
      ? sealFields(payload, fields, subject, key, context)
      : { ...payload, ...Object.fromEntries(fields.map((field) => [field, null])) }
  }
}

/** One change a scope; the tightest limit holds. */
function combineBudgets(budgets: readonly BudgetRequest[]): BudgetRequest[] {
  const byScope = new Map<string, BudgetRequest>()
  for (const budget of budgets) {
    const known = byScope.get(budget.scope)
    const limits = [known?.limit ?? null, budget.limit].filter((limit) => limit !== null)
    byScope.set(budget.scope, {
      scope: budget.scope,
      delta: (known?.delta ?? 0) + budget.delta,
      limit: limits.length === 0 ? null : Math.min(...limits),
    })
  }
  return [...byScope.values()]
}
