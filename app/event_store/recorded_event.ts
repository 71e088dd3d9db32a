import type { KeyObject } from 'node:crypto'
import { findEventDefinition, type DomainEvent, type EventType } from '#domain/catalogue'
import { openFields, sealedPart } from './personal_data.ts'
import type { EventMetadata, RecordedEnvelope, RecordedEvent } from './port.ts'
import type { StoredEvent } from './stored_event.ts'
import { upcast, type Payload } from './upcasters.ts'

/** Personal fields of the metadata, and the context they are sealed under. */
export const PERSONAL_METADATA = ['ip', 'user_agent'] as const
export const METADATA_CONTEXT = 'metadata'

/**
 * An event read from the log. Payload and metadata are parsed, opened and lifted when first looked at, since most
 * readers of a long log look at few of them.
 */
class ReadEvent implements RecordedEnvelope {
  readonly #stored: StoredEvent
  readonly #keys: ReadonlyMap<string, KeyObject | null>
  #data: object | undefined
  #metadata: EventMetadata | undefined
  #recordedAt: string | undefined

  constructor(stored: StoredEvent, keys: ReadonlyMap<string, KeyObject | null>) {
    this.#stored = stored
    this.#keys = keys
  }

  get id() {
    return this.#stored.id
  }

  get type() {
    return this.#stored.type as EventType
  }

  get stream() {
    return this.#stored.stream
  }

  get version() {
    return this.#stored.version
  }

  get position() {
    return this.#stored.position
  }

  get schemaVersion() {
    return findEventDefinition(this.#stored.type)?.schemaVersion ?? this.#stored.schemaVersion
  }

  get recordedAt() {
    this.#recordedAt ??= new Date(this.#stored.recordedAt).toISOString()
    return this.#recordedAt
  }

  get data(): object {
    this.#data ??= this.#readData()
    return this.#data
  }

  get metadata(): EventMetadata {
    this.#metadata ??= this.#readMetadata()
    return this.#metadata
  }

  toJSON() {
    return {
      id: this.id,
      type: this.type,
      schemaVersion: this.schemaVersion,
      stream: this.stream,
      version: this.version,
      position: this.position,
      data: this.data,
      metadata: this.metadata,
      recordedAt: this.recordedAt,
    }
  }

  #readData() {
    const { type, schemaVersion, data } = this.#stored
    const parsed: Payload = JSON.parse(data)
    const fields = findEventDefinition(type)?.personal?.fields ?? []
    const opened = openFields(parsed, fields, this.#keyOf(parsed), this.#stored.id)
    return upcast(type, schemaVersion, opened)
  }

  #readMetadata(): EventMetadata {
    const parsed: Payload = JSON.parse(this.#stored.metadata)
    const opened = openFields(parsed, PERSONAL_METADATA, this.#keyOf(parsed), METADATA_CONTEXT)
    return opened as Payload & EventMetadata
  }

  #keyOf(parsed: Payload): KeyObject | null {
    const part = sealedPart(parsed)
    return part === null ? null : (this.#keys.get(part.subject) ?? null)
  }
}

/** What an event says without anyone's key: personal fields are left sealed. */
export function readClearData({ type, schemaVersion, data }: StoredEvent): DomainEvent {
  const parsed: Payload = JSON.parse(data)
  const clear: object = { type, data: upcast(type, schemaVersion, parsed) }
  return clear as DomainEvent
}

/** Wraps a stored event for reading; `keys` holds the keys of the subjects that its sealed parts name. */
export function readEvent(
  stored: StoredEvent,
  keys: ReadonlyMap<string, KeyObject | null>
): RecordedEvent {
  return new ReadEvent(stored, keys) as RecordedEnvelope as RecordedEvent
}
