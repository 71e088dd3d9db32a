import type { AuditStory } from '#http/audit_story'
import type { PersonView } from '#read_models/person_queries'

/** `people` holds the accounts that the entry names, as they are now. */
export function transformAuditEntry(story: AuditStory, people: ReadonlyMap<number, PersonView>) {
  const { actorUserId, resourceType, resourceId } = story
  const actor = actorUserId === null ? undefined : people.get(actorUserId)
  const account = resourceType === 'account' ? people.get(Number(resourceId)) : undefined
  return {
    id: story.position,
    actor_user_id: actorUserId,
    actor_email: actor?.email ?? null,
    action: story.action,
    resource_type: resourceType,
    resource_id: resourceId,
    resource_name: account?.name ?? story.name,
    details: story.details,
    ip: story.ip,
    user_agent: story.userAgent,
    created_at: story.createdAt,
  }
}
