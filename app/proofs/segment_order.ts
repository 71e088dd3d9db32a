import type { ChainEnd } from '#event_store/stored_event'
import { GUARD_TABLES } from './named_changes.ts'
import type { SegmentCrew } from './segment_crew.ts'
import type { Segment, SegmentReport } from './segment_walk.ts'

export interface WalkedSegment {
  segment: Segment
  report: SegmentReport
}

/** So many segments for each worker are under way or wait to be joined. */
const AHEAD = 3

/**
 * Has the segments of a log walked, several at once, and gives what came of them in the order of the log. Nothing more is
 * begun once whoever takes them stops. Tables of guards are taken beside the last segments.
 */
export async function* walkSegments(
  crew: SegmentCrew,
  range: { from: ChainEnd; end: number; segmentEvents: number }
): AsyncGenerator<WalkedSegment> {
  const begun: Promise<WalkedSegment>[] = []
  const begin = (segment: Segment) => {
    begun.push(observed(crew.walk(segment).then((report) => ({ segment, report }))))
  }
  const segments = segmentsOf(range)
  let tables: Promise<unknown> | null = null
  for (;;) {
    while (tables === null && begun.length < AHEAD * crew.size) {
      const next = segments.next()
      if (next.done === true) {
        tables = observed(Promise.all(GUARD_TABLES.map((table) => crew.takeAway(table))))
      } else {
        begin(next.value)
      }
    }
    const first = begun.shift()
    if (first === undefined) {
      break
    }
    yield await first
  }
  await tables
}

/** At least one, also of a log that is empty. */
function* segmentsOf(range: {
  from: ChainEnd
  end: number
  segmentEvents: number
}): Generator<Segment> {
  const { from, end, segmentEvents } = range
  let after = from.position
  do {
    const upTo = Math.max(after, Math.min(end, after + segmentEvents))
    yield { after, upTo, startHash: after === from.position ? from.hash.toString('latin1') : null }
    after = upTo
  } while (after < end)
}

/** A failure is told when it is awaited; until then it must not count as unhandled. */
function observed<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}
