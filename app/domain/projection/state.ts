import type { ProjectionEvent } from './events.ts'

/** How a read model is looked after. */
export interface ProjectionCare {
  /** A rebuild was asked for and has not ended. */
  rebuilding: boolean
}

export function evolveProjection(
  care: ProjectionCare | null,
  event: ProjectionEvent
): ProjectionCare {
  switch (event.type) {
    case 'projection.rebuild_requested':
      return { rebuilding: true }
    case 'projection.rebuilt':
    case 'projection.rebuild_failed':
      return { rebuilding: false }
    case 'projection.retry_requested':
      return care ?? { rebuilding: false }
  }
}
