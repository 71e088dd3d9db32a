import type { Reactor } from './reactor.ts'

/** Read models are rebuilt, and parked events folded again, when an administrator asks for it. */
export const maintenance: Reactor = (event) => {
  switch (event.type) {
    case 'projection.rebuild_requested':
    case 'projection.retry_requested':
      return {
        queue: 'maintenance',
        payload: { projection: event.data.projection },
        runAt: null,
      }
    default:
      return null
  }
}
