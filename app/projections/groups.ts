import type { Json } from '#domain/event_definition'
import { defineProjection } from './projection.ts'
import { EVERYBODY } from './stamps.ts'

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

  keys(event) {
    switch (event.type) {
      case 'group.created':
      case 'group.changed':
      case 'group.strategies_changed':
      case 'group.deleted':
        return [event.data.group_id]
      case 'site.default_group_changed':
      case 'site.guest_group_changed':
        return [event.data.from, event.data.to]
      default:
        return []
    }
  },

  concerns: () => EVERYBODY,

  apply(rows, event) {
    const change = (groupId: number, changes: Partial<GroupRow>) => {
      const row = rows.get(groupId)
      if (row !== undefined) {
        rows.put({ ...row, ...changes, updated_at: event.recordedAt })
      }
    }
    switch (event.type) {
      case 'group.created':
        return rows.put({
          ...event.data,
          created_at: event.recordedAt,
          updated_at: event.recordedAt,
        })
      case 'group.changed':
        return change(event.data.group_id, {
          name: event.data.name,
          configs: event.data.configs,
        })
      case 'group.strategies_changed':
        return change(event.data.group_id, { strategy_ids: event.data.strategy_ids })
      case 'group.deleted':
        return rows.remove(event.data.group_id)
      case 'site.default_group_changed':
        change(event.data.from, { is_default: false })
        return change(event.data.to, { is_default: true })
      case 'site.guest_group_changed':
        change(event.data.from, { is_guest: false })
        return change(event.data.to, { is_guest: true })
    }
  },
})
