import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { entityId } from '../values.ts'

export const groupConfigs = z.record(z.string(), z.json())

export const groupCreated = defineEvent('group.created', {
  schemaVersion: 1,
  schema: z.strictObject({
    group_id: entityId,
    name: z.string().min(1).max(120),
    is_default: z.boolean(),
    is_guest: z.boolean(),
    configs: groupConfigs,
    strategy_ids: z.array(entityId),
  }),
})

/** The group's name and rules after the change. */
export const groupChanged = defineEvent('group.changed', {
  schemaVersion: 1,
  schema: z.strictObject({
    group_id: entityId,
    name: z.string().min(1).max(120),
    configs: groupConfigs,
  }),
})

export const groupStrategiesChanged = defineEvent('group.strategies_changed', {
  schemaVersion: 1,
  schema: z.strictObject({ group_id: entityId, strategy_ids: z.array(entityId) }),
})

export const groupDeleted = defineEvent('group.deleted', {
  schemaVersion: 1,
  schema: z.strictObject({ group_id: entityId }),
})

export const groupEvents = [
  groupCreated,
  groupChanged,
  groupStrategiesChanged,
  groupDeleted,
] as const
export type GroupEvent = EventsOf<typeof groupEvents>
