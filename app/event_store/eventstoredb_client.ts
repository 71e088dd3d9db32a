import type { AppendExpectedRevision, EventStoreDBClient } from '@eventstore/db-client'
import { EventStoreError, EventStoreUnavailableError } from './errors.ts'
import type { Place } from './eventstoredb_envelope.ts'
import type { ExpectedVersion } from './port.ts'

export type Client = Pick<
  EventStoreDBClient,
  'appendToStream' | 'readAll' | 'readStream' | 'subscribeToAll' | 'dispose'
>

/** The site is set up for another place than its log is in, or cannot reach into it. */
export class LogElsewhereError extends EventStoreError {
  override name = 'LogElsewhereError'
  readonly code = 'E_LOG_ELSEWHERE'
}

/** Tells it without a stack; false when that is not what ended a command. */
export function tellLogElsewhere(command: {
  error?: unknown
  logger: { error(message: string): void }
}): boolean {
  if (!(command.error instanceof LogElsewhereError)) {
    return false
  }
  command.logger.error(command.error.message)
  return true
}

/** The client is no part of every installation: few sites need it. */
export async function loadClient(url: string): Promise<Client> {
  try {
    const { EventStoreDBClient } = await import('@eventstore/db-client')
    return EventStoreDBClient.connectionString(url)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') {
      throw new LogElsewhereError(
        'EVENTSTORE_URL is set, and its client is not installed: run npm install --save-prod @eventstore/db-client@6',
        { cause: error }
      )
    }
    throw error
  }
}

/** What EventStoreDB counts from 0, we count from 1. */
export function revisionOf(expected: ExpectedVersion): AppendExpectedRevision {
  switch (expected) {
    case 'any':
      return 'any'
    case 'exists':
      return 'stream_exists'
    case 'none':
    case 0:
      return 'no_stream'
    default:
      return BigInt(expected - 1)
  }
}

export function isAfter(one: Place, other: Place): boolean {
  return one.commit > other.commit || (one.commit === other.commit && one.prepare > other.prepare)
}

/** The client waits for ever for some answers. */
export async function bounded<Result>(
  work: Promise<Result>,
  milliseconds: number
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const fail = () => reject(new EventStoreUnavailableError('EventStoreDB does not answer'))
    timer = setTimeout(fail, milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

interface Readable<Item> extends AsyncIterable<Item> {
  on(event: 'error', listener: () => void): unknown
  destroy(error?: Error): unknown
  cancel(): Promise<void>
}

/** The items of a read, of which each must come within a time; the read is given up with the loop. */
export async function* within<Item>(
  reading: Readable<Item>,
  milliseconds: number
): AsyncGenerator<Item> {
  // What fails after the loop has ended concerns nobody.
  reading.on('error', () => {})
  const giveUp = () =>
    reading.destroy(new EventStoreUnavailableError('EventStoreDB does not answer'))
  const timer = setTimeout(giveUp, milliseconds)
  try {
    for await (const item of reading) {
      timer.refresh()
      yield item
    }
  } finally {
    clearTimeout(timer)
    void reading.cancel().catch(() => {})
  }
}
