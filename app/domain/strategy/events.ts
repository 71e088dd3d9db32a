import { z } from 'zod'
import { defineEvent, type EventsOf } from '../event_definition.ts'
import { entityId } from '../values.ts'

export const strategyType = z.enum(['local'])
export type StrategyType = z.infer<typeof strategyType>

export const strategyCreated = defineEvent('strategy.created', {
  schemaVersion: 1,
  schema: z.strictObject({
    strategy_id: entityId,
    name: z.string().min(1).max(120),
    strategy_type: strategyType,
    configs: z.strictObject({ root: z.string().max(1024), url: z.string().max(1024) }),
  }),
})

export const strategyEvents = [strategyCreated] as const
export type StrategyEvent = EventsOf<typeof strategyEvents>
