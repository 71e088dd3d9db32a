import type { Client } from './table.ts'

export const READ_MODELS_CHANNEL = 'picfast_read'

export interface Announcement {
  projections: readonly string[]
  position: number
}

/** The channel and the payload of a notice. */
export function announcement(said: Announcement): [channel: string, payload: string] {
  return [READ_MODELS_CHANNEL, JSON.stringify(said)]
}

/** Tells those who wait for read models where these stand; heard when the transaction commits. */
export async function announce(
  client: Client,
  projections: readonly string[],
  position: number
): Promise<void> {
  await client.query({
    name: 'announce_read_models',
    text: 'select pg_notify($1, $2)',
    values: announcement({ projections, position }),
  })
}

export function parseAnnouncement(payload: string): Announcement {
  return JSON.parse(payload)
}
