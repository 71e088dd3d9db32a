import * as decisions from '#domain/image/decide'
import type { ImageEvent } from '#domain/image/events'
import { namedObject } from '#domain/image/named_object'
import { evolveImage } from '#domain/image/state'
import { objectReferencesScope, REMOVED_OBJECT_REFERENCES, storedObjectClaim } from '#domain/guards'
import { streams } from '#domain/streams'
import { BudgetExceededError } from '#event_store/errors'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import { isObjectChanged, ObjectChangedError } from './object_changes.ts'

/** Bytes in a strategy; `sha256` is hex. */
export interface BytesInStrategy {
  strategyId: number
  sha256: string
}

export type StoredObjectHandlers = ReturnType<typeof createStoredObjectHandlers>

/** The objects that images' bytes lie in: images with the same bytes in one strategy share one. */
export function createStoredObjectHandlers(ports: { store: EventStore }) {
  const runner = new CommandRunner(ports.store)

  /** The object, and the stream of the image that has named it. */
  const findNamed = async ({ strategyId, sha256 }: BytesInStrategy) => {
    const claim = storedObjectClaim(strategyId, sha256)
    const stream = await ports.store.findClaim('stored_object', claim)
    if (stream === null) {
      return null
    }
    const history = await ports.store.readStream(stream)
    const objectKey = namedObject(history as ImageEvent[], strategyId)
    return objectKey === null ? null : { objectKey, stream }
  }

  return {
    /** The key under which a strategy holds an object of these bytes, or `null`. */
    async findObject(bytes: BytesInStrategy): Promise<string | null> {
      return (await findNamed(bytes))?.objectKey ?? null
    },

    /**
     * Records that a stored object is taken away; from then on no image can refer to it. Answers whether the object may be
     * deleted: not while an image refers to it.
     */
    async removeObject(
      command: { imageId: number; strategyId: number; objectKey: string; sha256: string },
      context: CommandContext
    ): Promise<boolean> {
      const { imageId, strategyId, objectKey, sha256 } = command
      const scope = objectReferencesScope(strategyId, objectKey)
      const named = await findNamed({ strategyId, sha256 })
      const isNamed = named?.objectKey === objectKey
      try {
        const { events } = await runner.decide({
          stream: isNamed ? named.stream : streams.image(imageId),
          context,
          body: ['removeObject', { strategyId, objectKey }],
          limits: { [scope]: REMOVED_OBJECT_REFERENCES },
          evolve: evolveImage,
          decide: (image) =>
            decisions.removeObject({
              image_id: image?.imageId ?? imageId,
              strategy_id: strategyId,
              object_key: objectKey,
              sha256: isNamed ? sha256 : null,
            }),
        })
        return events.length > 0
      } catch (error) {
        if (error instanceof BudgetExceededError && error.scope === scope) {
          return false
        }
        throw error
      }
    },

    /**
     * Records that an image's bytes lie in another strategy. Does nothing when they do not lie where they did, or are not
     * needed any more.
     *
     * @throws ObjectChangedError when the stored object is not what it was any more
     */
    async moveObject(
      command: decisions.MovedObject & { imageId: number },
      context: CommandContext
    ): Promise<Handled> {
      const { imageId, fromStrategyId, toStrategyId, objectKey } = command
      try {
        return await runner.decide({
          stream: streams.image(imageId),
          context,
          body: ['moveObject', { imageId, fromStrategyId, toStrategyId }],
          limits: {
            [objectReferencesScope(toStrategyId, objectKey)]: REMOVED_OBJECT_REFERENCES - 1,
          },
          evolve: evolveImage,
          decide: (image) => decisions.moveObject(image, command),
        })
      } catch (error) {
        throw isObjectChanged(error) ? new ObjectChangedError() : error
      }
    },
  }
}
