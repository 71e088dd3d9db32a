import type { EventData, EventType } from '../catalogue.ts'
import type { Json } from '../event_definition.ts'

/** Named values of a thing, as the API names them. */
export type Facts = Record<string, Json>

/** How one type of event is told in the audit log. */
export interface AuditRule<Data> {
  /** `uploads`: only while the site has its uploads audited; `never`: not worth an entry. */
  entry: 'always' | 'uploads' | 'never'
  /** What holds after the event. What a thing is made with has no `before`. */
  after?(data: Data): Facts
  /** What held before, where the event says it itself. */
  before?(data: Data): Facts
  /** What held before and only earlier events of the stream know; what `after` replaces unless told. */
  former?: 'replaced' | readonly string[]
  /** What else there is to say. */
  about?(data: Data): Facts
}

const NEVER = { entry: 'never' } as const
/** It happened, and changed nothing that could be shown. */
const ACT = { entry: 'always' } as const

function moved<Name extends string>(name: Name) {
  return {
    entry: 'always',
    before: ({ from }: { from: Json }): Facts => ({ [name]: from }),
    after: ({ to }: { to: Json }): Facts => ({ [name]: to }),
  } as const
}

const imageRemoval = ({ key, owner_id, album_id, strategy_id, size_bytes }: EventData<'image.deleted'>): Facts => ({
  key, owner_id, album_id, strategy_id, size_bytes,
})
