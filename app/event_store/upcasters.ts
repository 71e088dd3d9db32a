import type { Json } from '#domain/event_definition'
import { findEventDefinition } from '#domain/catalogue'
import { UnknownEventTypeError } from './errors.ts'

export type Payload = Record<string, Json>

/** Lifts a payload from one version of its shape to the next; pure. */
export type Upcaster = (data: Payload) => Payload

/** For each event type, the step from version N to N + 1 under the number N. */
export const upcasters: Record<string, Record<number, Upcaster>> = {
  'album.changed': {
    // Only the event that made the album said whose it is.
    1: (data) => ({ ...data, owner_id: null }),
  },
  'image.thumbnail_generated': {
    1: (data) => ({ ...data, thumbhash: null }),
  },
  'image.uploaded': {
    // What was sent was not kept count of.
    1: (data) => ({ ...data, received_bytes: data['size_bytes'] ?? 0, processing: 'completed' }),
    // Names followed from the bytes: nobody had to give one.
    2: (data) => ({ ...data, names_object: false }),
  },
  'image.object_removed': {
    1: (data) => ({ ...data, sha256: null }),
  },
}

/**
 * Lifts a payload to the present shape of its type.
 *
 * @throws UnknownEventTypeError when the type or a step between the versions is not known.
 */
export function upcast(type: string, schemaVersion: number, data: Payload): Payload {
  const definition = findEventDefinition(type)
  if (definition === undefined) {
    throw new UnknownEventTypeError(type)
  }
  if (schemaVersion > definition.schemaVersion) {
    throw new UnknownEventTypeError(type, schemaVersion)
  }
  let lifted = data
  for (let version = schemaVersion; version < definition.schemaVersion; version++) {
    const step = upcasters[type]?.[version]
    if (step === undefined) {
      throw new UnknownEventTypeError(type, version)
    }
    lifted = step(lifted)
  }
  return lifted
}
