import type { EventStore } from '#event_store/port'

/** Folds a stream into the state of its aggregate; `null` for a stream that does not exist. */
export async function loadState<State>(
  store: EventStore,
  stream: string,
  evolve: (state: State | null, event: never) => State | null
): Promise<State | null> {
  const history = await store.readStream(stream)
  return history.reduce<State | null>((state, event) => evolve(state, event as never), null)
}
