import type { EventData } from '../catalogue.ts'
import { DomainError } from '../domain_error.ts'
import type { ProjectionEvent } from './events.ts'
import type { ProjectionCare } from './state.ts'

/** @throws DomainError E_REBUILD_RUNNING while one is under way */
export function requestRebuild(
  care: ProjectionCare | null,
  wanted: EventData<'projection.rebuild_requested'>
): ProjectionEvent[] {
  if (care?.rebuilding) {
    throw new DomainError('E_REBUILD_RUNNING', `"${wanted.projection}" is being rebuilt already`)
  }
  return [{ type: 'projection.rebuild_requested', data: wanted }]
}

/** Nothing when no rebuild was under way. */
export function recordRebuilt(
  care: ProjectionCare | null,
  outcome: EventData<'projection.rebuilt'>
): ProjectionEvent[] {
  return care?.rebuilding ? [{ type: 'projection.rebuilt', data: outcome }] : []
}

/** Nothing when no rebuild was under way. */
export function recordRebuildFailure(
  care: ProjectionCare | null,
  projection: string
): ProjectionEvent[] {
  return care?.rebuilding ? [{ type: 'projection.rebuild_failed', data: { projection } }] : []
}
