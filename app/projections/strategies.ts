import type { Json } from '#domain/event_definition'
import type { StrategyType } from '#domain/strategy/events'
import { defineProjection } from './projection.ts'
import { EVERYBODY } from './stamps.ts'

export type StrategyRow = {
  strategy_id: number
  name: string
  strategy_type: StrategyType
  configs: { [name: string]: Json }
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

  keys: (event) =>
    'strategy_id' in event.data && !('image_id' in event.data) ? [event.data.strategy_id] : [],

  concerns: () => EVERYBODY,

  apply(rows, event) {
    switch (event.type) {
      case 'strategy.created':
        return rows.put({
          ...event.data,
          created_at: event.recordedAt,
          updated_at: event.recordedAt,
        })
      case 'strategy.changed': {
        const { strategy_id: id, name, configs } = event.data
        const row = rows.get(id)
        return row && rows.put({ ...row, name, configs, updated_at: event.recordedAt })
      }
      case 'strategy.deleted':
        return rows.remove(event.data.strategy_id)
    }
  },
})
