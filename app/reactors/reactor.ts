import type { RecordedEvent } from '#event_store/port'
import type { Reaction } from '#jobs/queues'

/** Maps an event to work, purely. */
export type Reactor = (event: RecordedEvent) => Reaction | null
