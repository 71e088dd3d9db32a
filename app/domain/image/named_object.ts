import type { ImageEvent } from './events.ts'

/** The key that an image's history has last given to an object in a strategy, or `null`. */
export function namedObject(history: readonly ImageEvent[], strategyId: number): string | null {
  let key: string | null = null
  for (const event of history) {
    if (event.type === 'image.uploaded') {
      const { data } = event
      key = data.names_object && data.strategy_id === strategyId ? data.object_key : key
    } else if (event.type === 'image.object_moved') {
      const { data } = event
      key = data.names_object && data.to_strategy_id === strategyId ? data.to_object_key : key
    }
  }
  return key
}
