import type { Reaction } from '#jobs/queues'
import type { Reactor } from './reactor.ts'

/** A held image is looked at; turning moderation off lets all that wait go. */
export const moderation: Reactor = (event): Reaction | null => {
  switch (event.type) {
    case 'image.held_for_moderation':
      return { queue: 'moderation', payload: { image_id: event.data.image_id }, runAt: null }
    case 'site.settings_changed':
      return event.data.changes['moderation_mode'] === 'disabled'
        ? { queue: 'moderation', payload: { release: 'pending' }, runAt: null }
        : null
    default:
      return null
  }
}
