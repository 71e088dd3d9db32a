import { evolveAccount } from './account/state.ts'
import { evolveAlbum } from './album/state.ts'
import { evolveApiToken } from './api_token/state.ts'
import type { DomainEvent } from './catalogue.ts'
import { evolveGroup } from './group/state.ts'
import { evolveImage } from './image/state.ts'
import { evolveProjection } from './projection/state.ts'
import { evolveSite } from './site/state.ts'
import { evolveStrategy } from './strategy/state.ts'
import { categoryOf } from './streams.ts'

type Evolve = (state: never, event: never) => object | null

/** How each kind of stream is folded. Visitors and shared links have events and no state. */
const EVOLVE: Readonly<Record<string, Evolve>> = {
  image: evolveImage,
  album: evolveAlbum,
  account: evolveAccount,
  api_token: evolveApiToken,
  group: evolveGroup,
  strategy: evolveStrategy,
  site: evolveSite,
  projection: evolveProjection,
}

/** The state of whatever a stream tells of, after these events of it; `null` when there is none. */
export function stateAfter(stream: string, events: readonly DomainEvent[]): object | null {
  const evolve = EVOLVE[categoryOf(stream)]
  return evolve === undefined
    ? null
    : events.reduce<object | null>((state, event) => evolve(state as never, event as never), null)
}
