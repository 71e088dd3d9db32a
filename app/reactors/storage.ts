import type { Reaction } from '#jobs/queues'
import type { Reactor } from './reactor.ts'

/** What serves an image may for a moment know it where it was. */
const STALE_MILLISECONDS = 60_000

/**
 * Once an image cannot come back, or lies elsewhere, the object that it referred to may go; whether another image refers
 * to it is decided then.
 */
export const storage: Reactor = (event) => {
  switch (event.type) {
    case 'image.purged':
    case 'image.expired':
      return work(event.data.image_id, event.data.strategy_id, event.data.object_key, null)
    case 'image.object_moved':
      return work(
        event.data.image_id,
        event.data.from_strategy_id,
        event.data.from_object_key,
        new Date(Date.parse(event.recordedAt) + STALE_MILLISECONDS).toISOString()
      )
    default:
      return null
  }
}

function work(
  imageId: number,
  strategyId: number,
  objectKey: string,
  runAt: string | null
): Reaction {
  return {
    queue: 'storage',
    payload: { image_id: imageId, strategy_id: strategyId, object_key: objectKey },
    runAt,
  }
}
