import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { entityId } from '../values.ts'

export const strategyType = z.enum(['local', 's3', 'oss', 'cos', 'kodo', 'webdav'])
export type StrategyType = z.infer<typeof strategyType>

/** Where and how to store, without secrets: those are kept sealed outside the log. */
export const strategyConfigs = z.record(z.string(), z.json())

export const strategyCreated = defineEvent('strategy.created', {
  schemaVersion: 1,
  schema: z.strictObject({
    strategy_id: entityId,
    name: z.string().min(1).max(120),
    strategy_type: strategyType,
    configs: strategyConfigs,
  }),
})

/** The strategy's name and configuration after the change, and which of its secrets were replaced. */
export const strategyChanged = defineEvent('strategy.changed', {
  schemaVersion: 1,
  schema: z.strictObject({
    strategy_id: entityId,
    name: z.string().min(1).max(120),
    configs: strategyConfigs,
    secrets_changed: z.array(z.string().max(40)),
  }),
})

export const strategyDeleted = defineEvent('strategy.deleted', {
  schemaVersion: 1,
  schema: z.strictObject({ strategy_id: entityId }),
})

export const strategyEvents = [strategyCreated, strategyChanged, strategyDeleted] as const
export type StrategyEvent = EventsOf<typeof strategyEvents>
