import type { Json } from '../event_definition.ts'
import type { GroupEvent } from './events.ts'

export interface Group {
  groupId: number
  name: string
  configs: Record<string, Json>
  strategyIds: number[]
  deleted: boolean
}

/** The group after one more event; `null` stands for a group that was never made. */
export function evolveGroup(group: Group | null, event: GroupEvent): Group | null {
  if (event.type === 'group.created') {
    const { group_id: groupId, name, configs, strategy_ids: strategyIds } = event.data
    return { groupId, name, configs, strategyIds, deleted: false }
  }
  if (group === null) {
    return null
  }
  switch (event.type) {
    case 'group.changed':
      return { ...group, name: event.data.name, configs: event.data.configs }
    case 'group.strategies_changed':
      return { ...group, strategyIds: event.data.strategy_ids }
    case 'group.deleted':
      return { ...group, deleted: true }
  }
}
