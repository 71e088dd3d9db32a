import type { LedgerStatus, QueueDepth } from '#jobs/status'
import type { ProjectionStatus } from '#projections/status'
import type { DeadWorkView, ParkedStreamView, RebuildProgressView } from '#read_models/views'

/** `rebuild` is the one under way that was asked for over the API, once a worker has taken it. */
export function transformProjection(
  status: ProjectionStatus,
  rebuild: RebuildProgressView | undefined
) {
  return {
    name: status.projection,
    version: status.version,
    code_version: status.codeVersion,
    position: status.position,
    lag: status.lag,
    parked_streams: status.parkedStreams,
    can_roll_back: status.canRollBack,
    rebuilding: status.rebuilding || rebuild !== undefined,
    rebuild: rebuild === undefined ? null : transformProgress(rebuild),
  }
}

function transformProgress({ phase, position, head, startedAt, updatedAt }: RebuildProgressView) {
  return {
    phase,
    position,
    head,
    percent: head === 0 ? 100 : Math.min(100, Math.floor((position / head) * 100)),
    started_at: startedAt,
    updated_at: updatedAt,
  }
}

export function transformParkedStream(parked: ParkedStreamView) {
  return {
    projection: parked.projection,
    stream: parked.stream,
    position: parked.position,
    error: parked.error,
    waiting: parked.waiting,
    attempts: parked.attempts,
    parked_at: parked.parkedAt,
  }
}

/** `depth` is how many jobs Redis holds of the queue, `null` while Redis cannot be asked. */
export function transformQueue(status: LedgerStatus, depth: QueueDepth | null) {
  return {
    name: status.queue,
    owed: status.owed,
    dispatched: status.dispatched,
    dead: status.dead,
    oldest_seconds: Math.max(0, Math.round(status.oldestSeconds)),
    depth: depth === null ? null : depth.waiting + depth.delayed + depth.active,
  }
}

export function transformDeadWork(work: DeadWorkView) {
  return {
    id: work.id,
    queue: work.queue,
    event_id: work.eventId,
    event_position: work.eventPosition,
    payload: work.payload,
    tries: work.tries,
    error: work.error,
    died_at: work.diedAt,
  }
}
