import { createHash } from 'node:crypto'
import type { DomainEvent } from '#domain/catalogue'
import { budgetsOf, claimsOf, type BudgetChange } from '#domain/guards'
import { deriveEventId } from '#event_store/event_id'
import { VersionConflictError } from '#event_store/errors'
import type {
  AppendOutcome,
  CommandReference,
  EventStore,
  ExpectedVersion,
} from '#event_store/port'
import { metadataOf, type CommandContext } from './command_context.ts'

/** How often a decision is taken anew when others changed the stream meanwhile. */
const MAXIMUM_ATTEMPTS = 8

/** What came of a command: the events, and the position that a read model must reach to show them. */
export interface Handled {
  /** 0 when nothing was to be done. */
  position: number
  events: DomainEvent[]
  /** Whether it was done before, under the same command id. */
  repeated: boolean
}

interface Command {
  stream: string
  context: CommandContext
  /** The command's name and body, which a repeated command id must match. */
  body: readonly [name: string, body: object]
  /** Upper bounds for budgets, by scope. */
  limits?: Readonly<Record<string, number>>
}

/** Loads, decides and appends: the one place where commands meet the log. */
export class CommandRunner {
  readonly #store: EventStore

  constructor(store: EventStore) {
    this.#store = store
  }

  /** Decides upon a stream's present state, and again when it changed before the append. */
  async decide<State>(
    command: Command & {
      evolve: (state: State | null, event: never) => State | null
      decide: (state: State | null) => DomainEvent[] | Promise<DomainEvent[]>
    }
  ): Promise<Handled> {
    for (let attempt = 1; ; attempt++) {
      const history = await this.#store.readStream(command.stream)
      const state = history.reduce<State | null>(
        (folded, event) => command.evolve(folded, event as never),
        null
      )
      const events = await this.#orFirstOutcome(command, () => command.decide(state))
      if ('repeated' in events) {
        return events.repeated
      }
      if (events.decided.length === 0) {
        return { position: 0, events: [], repeated: false }
      }
      try {
        return await this.append(command, history.length, events.decided)
      } catch (error) {
        if (!(error instanceof VersionConflictError) || attempt >= MAXIMUM_ATTEMPTS) {
          throw error
        }
      }
    }
  }

  /** Appends events whose decision needs no history. */
  async append(
    command: Command,
    expectedVersion: ExpectedVersion,
    events: DomainEvent[]
  ): Promise<Handled> {
    const { stream, context, limits = {} } = command
    const { commandId } = context
    const outcome = await this.#store.append({
      stream,
      expectedVersion,
      events: events.map((event, index) =>
        commandId === undefined
          ? event
          : { ...event, id: deriveEventId(commandId, `${event.type} ${index}`) }
      ),
      metadata: metadataOf(context),
      command: referenceOf(command),
      claims: events.flatMap(claimsOf),
      budgets: sumsOf(events.flatMap(budgetsOf)).map((budget) => ({
        ...budget,
        limit: limits[budget.scope] ?? null,
      })),
    })
    return outcome.repeated
      ? this.#readOutcome(outcome)
      : { position: outcome.lastPosition, events, repeated: false }
  }

  /** A command that finds nothing to do, or is refused, may have been done before under its id. */
  async #orFirstOutcome(
    command: Command,
    decide: () => DomainEvent[] | Promise<DomainEvent[]>
  ): Promise<{ decided: DomainEvent[] } | { repeated: Handled }> {
    try {
      const decided = await decide()
      const first = decided.length === 0 ? await this.#firstOutcome(command) : null
      return first === null ? { decided } : { repeated: first }
    } catch (error) {
      const first = await this.#firstOutcome(command)
      if (first === null) {
        throw error
      }
      return { repeated: first }
    }
  }

  async #firstOutcome(command: Command): Promise<Handled | null> {
    const reference = referenceOf(command)
    const outcome = reference === undefined ? null : await this.#store.findCommand(reference)
    return outcome === null ? null : this.#readOutcome(outcome)
  }

  async #readOutcome({ firstPosition, lastPosition }: AppendOutcome): Promise<Handled> {
    const events = await this.#store.readAll({
      after: firstPosition - 1,
      upTo: lastPosition,
      limit: lastPosition - firstPosition + 1,
    })
    return { position: lastPosition, events, repeated: true }
  }
}

/** One change a scope. */
function sumsOf(changes: readonly BudgetChange[]): BudgetChange[] {
  const sums = new Map<string, number>()
  for (const { scope, delta } of changes) {
    sums.set(scope, (sums.get(scope) ?? 0) + delta)
  }
  return [...sums].map(([scope, delta]) => ({ scope, delta }))
}

function referenceOf({ context, body }: Command): CommandReference | undefined {
  return context.commandId === undefined
    ? undefined
    : {
        id: context.commandId,
        fingerprint: createHash('sha256').update(JSON.stringify(body)).digest('hex'),
      }
}
