import type { GroupView } from '#read_models/views'

export function transformGroup(group: GroupView) {
  return {
    id: group.groupId,
    name: group.name,
    is_default: group.isDefault,
    is_guest: group.isGuest,
    configs: group.configs,
    strategy_ids: group.strategyIds,
    member_num: group.memberNum,
    created_at: group.createdAt,
    updated_at: group.updatedAt,
  }
}
