import type { Reactor } from './reactor.ts'

/** Each uploaded image gets a thumbnail. */
export const thumbnails: Reactor = (event) =>
  event.type === 'image.uploaded'
    ? { queue: 'thumbnails', payload: { image_id: event.data.image_id }, runAt: null }
    : null
