import type { EventData } from '../catalogue.ts'
import { DomainError } from '../domain_error.ts'
import type { Json } from '../event_definition.ts'
import type { Site } from '../site/state.ts'
import type { GroupEvent } from './events.ts'
import type { Group } from './state.ts'

export function createGroup(group: EventData<'group.created'>): GroupEvent[] {
  return [{ type: 'group.created', data: group }]
}

/** @throws DomainError E_GROUP_NOT_FOUND */
export function changeGroup(
  group: Group | null,
  change: { name?: string; configs?: Record<string, Json> }
): GroupEvent[] {
  const { groupId, ...present } = requireGroup(group)
  const name = change.name ?? present.name
  const configs = change.configs ?? present.configs
  const isSame =
    name === present.name && JSON.stringify(configs) === JSON.stringify(present.configs)
  return isSame ? [] : [{ type: 'group.changed', data: { group_id: groupId, name, configs } }]
}

/** @throws DomainError E_GROUP_NOT_FOUND */
export function changeGroupStrategies(group: Group | null, strategyIds: number[]): GroupEvent[] {
  const { groupId, strategyIds: present } = requireGroup(group)
  return strategyIds.join() === present.join()
    ? []
    : [
        {
          type: 'group.strategies_changed',
          data: { group_id: groupId, strategy_ids: strategyIds },
        },
      ]
}

/**
 * Deletes a group that is neither the one of new accounts nor the one of visitors. That nobody is in it is for the
 * budget of its members to say.
 *
 * @throws DomainError E_GROUP_NOT_FOUND, E_GROUP_NEEDED
 */
export function deleteGroup(group: Group | null, site: Site): GroupEvent[] {
  const { groupId } = requireGroup(group)
  if (groupId === site.defaultGroupId || groupId === site.guestGroupId) {
    throw new DomainError(
      'E_GROUP_NEEDED',
      'The default group and the guest group cannot be deleted: give the role to another group first'
    )
  }
  return [{ type: 'group.deleted', data: { group_id: groupId } }]
}

/** @throws DomainError E_GROUP_NOT_FOUND */
export function requireGroup(group: Group | null): Group {
  if (group === null || group.deleted) {
    throw new DomainError('E_GROUP_NOT_FOUND', 'Group not found')
  }
  return group
}
