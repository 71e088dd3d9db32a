import type { EventData } from '../catalogue.ts'
import type { ImageImportEvent } from './events.ts'
import type { ImageImport } from './state.ts'

/** How an import ended: with an image, or with the code of what went wrong. */
export type ImportOutcome = { key: string } | { code: string }

export function requestImport(request: EventData<'image_import.requested'>): ImageImportEvent[] {
  return [{ type: 'image_import.requested', data: request }]
}

/** Ends an import; nothing for one that has ended. */
export function settleImport(
  state: ImageImport | null,
  outcome: ImportOutcome
): ImageImportEvent[] {
  if (state === null || state.settled) {
    return []
  }
  const { importId } = state
  return 'key' in outcome
    ? [{ type: 'image_import.completed', data: { import_id: importId, key: outcome.key } }]
    : [{ type: 'image_import.failed', data: { import_id: importId, code: outcome.code } }]
}
