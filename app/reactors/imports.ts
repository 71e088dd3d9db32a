import type { Reactor } from './reactor.ts'

/** An image that somebody asked for is fetched. */
export const imports: Reactor = (event) =>
  event.type === 'image_import.requested'
    ? { queue: 'imports', payload: { import_id: event.data.import_id }, runAt: null }
    : null
