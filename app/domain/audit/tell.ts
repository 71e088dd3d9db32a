import type { DomainEvent, EventType } from '../catalogue.ts'
import type { Json } from '../event_definition.ts'
import { categoryOf } from '../streams.ts'
import { AUDIT_RULES, NAME_FACTS, type AuditRule, type Facts } from './rules.ts'

/** What an entry says of an act. `null` before: the thing was made, or nothing changed; `null` after: it is gone. */
export interface Told {
  /** What the thing was called then; `null` when it has no name, or a forgotten one. */
  name: string | null
  details: { before: Facts | null; after: Facts | null; [about: string]: Json }
}

/** An event and its place in the log. */
export type Placed = DomainEvent & { position: number; stream: string }

export function auditRule(type: EventType): AuditRule<object> {
  return AUDIT_RULES[type]
}

/** The types of event that say what holds since. */
export const TELLING_TYPES: readonly EventType[] = (Object.keys(AUDIT_RULES) as EventType[]).filter(
  (type) => auditRule(type).after !== undefined
)

/** The facts that an event settles. */
export function factsSettled({ type, data }: DomainEvent): Facts {
  return auditRule(type).after?.(data) ?? {}
}

/** The facts that an entry tells and only earlier events of the stream know: what was there before, and its name. */
export function factsWanted(event: Placed): string[] {
  const name = NAME_FACTS[categoryOf(event.stream)]
  const isNamed = name === undefined || name in factsSettled(event)
  return [...new Set([...formerFacts(event), ...(isNamed ? [] : [name])])]
}

/** Tells an act. `earlier` holds the latest events of the stream before it that settle what it wants to know. */
export function tell(event: Placed, earlier: readonly DomainEvent[]): Told {
  const { type, data } = event
  const rule = auditRule(type)
  const known: Facts = Object.assign({}, ...earlier.map(factsSettled))
  const held: Facts = { ...rule.initially, ...known }
  const former = Object.fromEntries(formerFacts(event).map((fact) => [fact, held[fact] ?? null]))
  const before = orNull({ ...rule.before?.(data), ...former })
  const after = orNull(factsSettled(event))
  const name = { ...known, ...after }[NAME_FACTS[categoryOf(event.stream)] ?? '']
  return {
    name: typeof name === 'string' ? name : null,
    details: { ...withoutWhatStayed(before, after), ...rule.about?.(data) },
  }
}

function formerFacts(event: DomainEvent): readonly string[] {
  const { former = [] } = auditRule(event.type)
  return former === 'replaced' ? Object.keys(factsSettled(event)) : former
}

function orNull(facts: Facts): Facts | null {
  return Object.keys(facts).length === 0 ? null : facts
}

/** Some events name all that holds since: only what changed is shown. What was forgotten did change. */
function withoutWhatStayed(before: Facts | null, after: Facts | null) {
  if (before === null || after === null) {
    return { before, after }
  }
  const changed = ([fact]: [string, Json]) =>
    (before[fact] === null && after[fact] === null) ||
    JSON.stringify(before[fact]) !== JSON.stringify(after[fact])
  return {
    before: Object.fromEntries(Object.entries(before).filter(changed)),
    after: Object.fromEntries(Object.entries(after).filter(changed)),
  }
}
