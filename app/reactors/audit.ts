import type { EventType } from '#domain/catalogue'
import type { Reactor } from './reactor.ts'

/** What the system does by itself for every image is nobody's act. */
const NOT_AUDITED: ReadonlySet<EventType> = new Set([
  'image.thumbnail_generated',
  'image.thumbnail_failed',
])

/** Every act has an entry in the audit log. */
export const audit: Reactor = (event) =>
  NOT_AUDITED.has(event.type) ? null : { queue: 'audit', payload: {}, runAt: null }
