import { DomainError } from '../domain_error.ts'
import type { Json } from '../event_definition.ts'
import type { SiteEvent } from './events.ts'
import { INITIAL_SITE, type Site } from './state.ts'

/** Records those of the settings that differ from what they are now. */
export function changeSettings(
  site: Site | null,
  settings: Readonly<Record<string, Json>>
): SiteEvent[] {
  const present = (site ?? INITIAL_SITE).settings
  const changes = Object.fromEntries(
    Object.entries(settings).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(present[name])
    )
  )
  return Object.keys(changes).length === 0
    ? []
    : [{ type: 'site.settings_changed', data: { changes } }]
}

/**
 * Makes a group the one that new accounts join.
 *
 * @throws DomainError E_GROUP_NEEDED for the guest group
 */
export function makeDefaultGroup(site: Site | null, groupId: number): SiteEvent[] {
  const { defaultGroupId: from, guestGroupId } = site ?? INITIAL_SITE
  if (groupId === guestGroupId) {
    throw oneRoleOnly()
  }
  return from === groupId
    ? []
    : [{ type: 'site.default_group_changed', data: { from, to: groupId } }]
}

/**
 * Makes a group the one whose rules hold for visitors.
 *
 * @throws DomainError E_GROUP_NEEDED for the default group
 */
export function makeGuestGroup(site: Site | null, groupId: number): SiteEvent[] {
  const { defaultGroupId, guestGroupId: from } = site ?? INITIAL_SITE
  if (groupId === defaultGroupId) {
    throw oneRoleOnly()
  }
  return from === groupId ? [] : [{ type: 'site.guest_group_changed', data: { from, to: groupId } }]
}

function oneRoleOnly(): DomainError {
  return new DomainError(
    'E_GROUP_NEEDED',
    'One group cannot be both the default and the guest group'
  )
}
