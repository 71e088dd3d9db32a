import type { StoredEvent } from './stored_event.ts'

/**
 * An event as one line of JSON. Data and metadata are texts within it, byte for byte as they lie in the log, since the
 * chain covers them so; what was sealed stays sealed.
 */
export function writeEventLine(event: StoredEvent): string {
  return JSON.stringify({
    position: event.position,
    stream: event.stream,
    version: event.version,
    id: event.id,
    type: event.type,
    schema_version: event.schemaVersion,
    recorded_at_ms: event.recordedAt,
    data: event.data,
    metadata: event.metadata,
    hash: event.hash.toString('hex'),
  })
}

/** @throws TypeError for a line that `writeEventLine` did not write, SyntaxError for one that is no JSON */
export function readEventLine(line: string): StoredEvent {
  const values = { ...(JSON.parse(line) as Record<string, unknown> | null) }
  const text = (name: string): string => {
    const value = values[name]
    return typeof value === 'string' ? value : refuse(name)
  }
  const whole = (name: string): number => {
    const value = values[name]
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(name)
  }
  return {
    position: whole('position'),
    stream: text('stream'),
    version: whole('version'),
    id: text('id'),
    type: text('type'),
    schemaVersion: whole('schema_version'),
    data: text('data'),
    metadata: text('metadata'),
    recordedAt: whole('recorded_at_ms'),
    hash: Buffer.from(text('hash'), 'hex'),
  }
}

function refuse(name: string): never {
  throw new TypeError(`The line of an event has no "${name}"`)
}
