import type { StrategyType } from '#domain/strategy/events'
import { defineProjection } from './projection.ts'

export type StrategyRow = {
  strategy_id: number
  name: string
  strategy_type: StrategyType
  configs: { root: string; url: string }
  created_at: string
  updated_at: string
}

export const strategies = defineProjection<StrategyRow>({
  name: 'strategies',
  version: 1,
  table: {
    columns: {
      strategy_id: 'bigint not null',
      name: 'text not null',
      strategy_type: 'text not null',
      configs: 'jsonb not null',
      created_at: 'timestamptz(3) not null',
      updated_at: 'timestamptz(3) not null',
    },
    key: 'strategy_id',
    indexes: {},
  },

  keys: (event) => (event.type === 'strategy.created' ? [event.data.strategy_id] : []),

  apply(rows, event) {
    if (event.type === 'strategy.created') {
      rows.put({ ...event.data, created_at: event.recordedAt, updated_at: event.recordedAt })
    }
  },
})
