import type { ImageImportEvent, ImportWishes } from './events.ts'

export interface ImageImport {
  importId: number
  ownerId: number
  /** `null` once its owner was forgotten. */
  url: string | null
  wishes: ImportWishes
  settled: boolean
}

/** The import after one more event; `null` stands for one that nobody asked for. */
export function evolveImageImport(
  state: ImageImport | null,
  event: ImageImportEvent
): ImageImport | null {
  if (event.type === 'image_import.requested') {
    return {
      importId: event.data.import_id,
      ownerId: event.data.owner_id,
      url: event.data.url,
      wishes: event.data.wishes,
      settled: false,
    }
  }
  return state === null ? null : { ...state, settled: true }
}
