import type { DomainEvent } from '../catalogue.ts'
import { streams } from '../streams.ts'

export const FIRST_STRATEGY_ID = 1
export const DEFAULT_GROUP_ID = 1
export const GUEST_GROUP_ID = 2

/** 5 GiB. */
export const DEFAULT_CAPACITY_BYTES = 5 * 1024 ** 3

/** What a site begins with: local storage, the group that new accounts join, and the group of visitors. */
export function initialSite(): Array<{ stream: string; event: DomainEvent }> {
  return [
    {
      stream: streams.strategy(FIRST_STRATEGY_ID),
      event: {
        type: 'strategy.created',
        data: {
          strategy_id: FIRST_STRATEGY_ID,
          name: 'Local storage',
          strategy_type: 'local',
          configs: { root: 'objects', url: '' },
        },
      },
    },
    {
      stream: streams.group(DEFAULT_GROUP_ID),
      event: initialGroup(DEFAULT_GROUP_ID, 'Default', { isGuest: false }),
    },
    {
      stream: streams.group(GUEST_GROUP_ID),
      event: initialGroup(GUEST_GROUP_ID, 'Guests', { isGuest: true }),
    },
  ]
}

function initialGroup(id: number, name: string, { isGuest }: { isGuest: boolean }): DomainEvent {
  return {
    type: 'group.created',
    data: {
      group_id: id,
      name,
      is_default: !isGuest,
      is_guest: isGuest,
      configs: {},
      strategy_ids: [FIRST_STRATEGY_ID],
    },
  }
}
