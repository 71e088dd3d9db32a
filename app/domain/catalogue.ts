import { accountEvents } from './account/events.ts'
import { albumEvents } from './album/events.ts'
import { apiTokenEvents } from './api_token/events.ts'
import type { EventDefinition, EventsOf } from './event_definition.ts'
import { groupEvents } from './group/events.ts'
import { imageEvents } from './image/events.ts'
import { imageImportEvents } from './image_import/events.ts'
import { shareEvents } from './share/events.ts'
import { projectionEvents } from './projection/events.ts'
import { queueEvents } from './queue/events.ts'
import { siteEvents } from './site/events.ts'
import { strategyEvents } from './strategy/events.ts'
import { visitorEvents } from './visitor/events.ts'

/** Every event type that may be written, in its present shape. */
export const catalogue = [
  ...imageEvents,
  ...albumEvents,
  ...accountEvents,
  ...apiTokenEvents,
  ...groupEvents,
  ...strategyEvents,
  ...siteEvents,
  ...visitorEvents,
  ...projectionEvents,
  ...queueEvents,
  ...shareEvents,
  ...imageImportEvents,
] as const

export type DomainEvent = EventsOf<typeof catalogue>
export type EventType = DomainEvent['type']
export type EventData<Type extends EventType> = Extract<DomainEvent, { type: Type }>['data']

const definitions = new Map<string, EventDefinition>(
  catalogue.map((definition) => [definition.type, definition as EventDefinition])
)

/** The definition of an event type, or `undefined` for a type that was never declared. */
export function findEventDefinition(type: string): EventDefinition | undefined {
  return definitions.get(type)
}
