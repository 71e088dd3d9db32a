import { FIRST_ADMIN } from '#domain/guards'
import { anyAccountExists } from '#read_models/account_queries'
import type { EventStore } from '#event_store/port'
import { services } from '#start/services'

/**
 * Whether the first administrator was made. The log knows as soon as they are told so, the read model a moment later, on
 * a site that has only just started even seconds later.
 */
export async function isSetUp(
  log: Pick<EventStore, 'findClaim'> = services().eventStore
): Promise<boolean> {
  return (
    (await anyAccountExists()) ||
    (await log.findClaim(FIRST_ADMIN.scope, FIRST_ADMIN.value)) !== null
  )
}
