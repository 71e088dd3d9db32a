import { readEventLine } from '#event_store/event_line'
import type { StoredEvent } from '#event_store/stored_event'
import { ProofError } from './errors.ts'

/** @throws ProofError for a line that `events:export` did not write */
export function importEvent(line: string): StoredEvent {
  try {
    return readEventLine(line)
  } catch (error) {
    throw new ProofError('E_NOT_AN_EXPORT', 'This is not what events:export writes', {
      cause: error,
    })
  }
}
