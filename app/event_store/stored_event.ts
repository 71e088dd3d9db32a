import { createHash } from 'node:crypto'

/** An event exactly as it lies in the log: payload and metadata as JSON text, personal data sealed. */
export interface StoredEvent {
  position: number
  stream: string
  version: number
  id: string
  type: string
  schemaVersion: number
  data: string
  metadata: string
  /** Milliseconds since 1970. */
  recordedAt: number
  /** The chain's hash up to and with this event. */
  hash: Buffer
}

/** The hash that the chain begins with. */
export const GENESIS_HASH = createHash('sha256').update('picfast').digest()

/**
 * The chain's next hash: SHA-256 over the previous one and the event's stored fields, one a line.
 * No field can hold a line break: JSON text escapes them, and names have a narrow alphabet.
 */
export function chainHash(previous: Buffer, event: Omit<StoredEvent, 'hash'>): Buffer {
  return createHash('sha256').update(previous).update(chainLine(event)).digest()
}

/** What the chain covers of an event. */
export function chainLine(event: Omit<StoredEvent, 'hash'>): string {
  return [
    event.position,
    event.stream,
    event.version,
    event.id,
    event.type,
    event.schemaVersion,
    event.recordedAt,
    event.data,
    event.metadata,
  ].join('\n')
}

export interface ChainFault {
  position: number
  fault: 'gap' | 'hash'
}

/** A point up to which the chain is known. */
export interface ChainEnd {
  position: number
  hash: Buffer
}

/**
 * Checks a page of the log that follows `previous`; answers the first fault, or `null`, and where to go on.
 */
export function verifyChain(
  events: readonly StoredEvent[],
  previous: ChainEnd
): { fault: ChainFault | null; last: ChainEnd } {
  let last = previous
  for (const event of events) {
    if (event.position !== last.position + 1) {
      return { fault: { position: last.position + 1, fault: 'gap' }, last }
    }
    const hash = chainHash(last.hash, event)
    if (!hash.equals(event.hash)) {
      return { fault: { position: event.position, fault: 'hash' }, last }
    }
    last = { position: event.position, hash }
  }
  return { fault: null, last }
}
