import type { Json } from '#domain/event_definition'
import { defineProjection } from './projection.ts'

export type GroupRow = {
  group_id: number
  name: string
  is_default: boolean
  is_guest: boolean
  configs: { [name: string]: Json }
  strategy_ids: number[]
  created_at: string
  updated_at: string
}

export const groups = defineProjection<GroupRow>({
  name: 'groups',
  version: 1,
  table: {
    columns: {
      group_id: 'bigint not null',
      name: 'text not null',
      is_default: 'boolean not null',
      is_guest: 'boolean not null',
      configs: 'jsonb not null',
      strategy_ids: 'bigint[] not null',
      created_at: 'timestamptz(3) not null',
      updated_at: 'timestamptz(3) not null',
    },
    key: 'group_id',
    indexes: {},
  },

  keys: (event) =>
    event.type === 'group.created' || event.type === 'group.strategies_changed'
      ? [event.data.group_id]
      : [],

  apply(rows, event) {
    if (event.type === 'group.created') {
      rows.put({ ...event.data, created_at: event.recordedAt, updated_at: event.recordedAt })
    } else if (event.type === 'group.strategies_changed') {
      const row = rows.get(event.data.group_id)
      if (row !== undefined) {
        rows.put({
          ...row,
          strategy_ids: event.data.strategy_ids,
          updated_at: event.recordedAt,
        })
      }
    }
  },
})
