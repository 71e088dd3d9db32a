import type { Reaction } from '#jobs/queues'
import type { Reactor } from './reactor.ts'

/**
 * Once an image cannot come back, or lies elsewhere, the object that it referred to may go; whether another image refers
 * to it is decided then.
 */
export const storage: Reactor = (event) => {
  switch (event.type) {
    case 'image.purged':
    case 'image.expired':
      return work(event.data.image_id, event.data.strategy_id, event.data.object_key)
    case 'image.object_moved':
      return work(event.data.image_id, event.data.from_strategy_id, event.data.from_object_key)
    default:
      return null
  }
}

function work(imageId: number, strategyId: number, objectKey: string): Reaction {
  return {
    queue: 'storage',
    payload: { image_id: imageId, strategy_id: strategyId, object_key: objectKey },
    runAt: null,
  }
}
