import type { StoredEvent } from '#event_store/stored_event'
import { ProofError } from './errors.ts'

/**
 * An event as one line of JSON. Data and metadata are texts within it, byte for byte as they lie in the log, since the
 * chain covers them so; what was sealed stays sealed.
 */
export function exportEvent(event: StoredEvent): string {
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

/** @throws ProofError for a line that `exportEvent` did not write */
export function importEvent(line: string): StoredEvent {
  const values = parseObject(line)
  const text = (name: string): string => {
    const value = values[name]
    return typeof value === 'string' ? value : refuse()
  }
  const whole = (name: string): number => {
    const value = values[name]
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse()
  }
  return {
    position: whole('position'),
    stream: text('stream'),
    version: whole('version'),
    id: text('id'),
    type: text('type'),
    schemaVersion: whole('schema_version'),
    recordedAt: whole('recorded_at_ms'),
    data: text('data'),
    metadata: text('metadata'),
    hash: Buffer.from(text('hash'), 'hex'),
  }
}

function parseObject(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : refuse()
  } catch (error) {
    throw error instanceof ProofError ? error : refusal({ cause: error })
  }
}

function refuse(): never {
  throw refusal()
}

function refusal(options?: ErrorOptions): ProofError {
  return new ProofError('E_NOT_AN_EXPORT', 'This is not what events:export writes', options)
}
