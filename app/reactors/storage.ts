import type { Reactor } from './reactor.ts'

/** Once an image cannot come back its bytes may go; whether another image refers to them is decided then. */
export const storage: Reactor = (event) =>
  event.type === 'image.purged' || event.type === 'image.expired'
    ? { queue: 'storage', payload: { image_id: event.data.image_id }, runAt: null }
    : null
