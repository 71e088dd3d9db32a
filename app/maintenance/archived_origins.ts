import type pg from 'pg'
import { readArchived } from '#event_store/archive'
import { NO_STRATEGIES } from '#event_store/archive_store'
import { LogArchives } from '#event_store/log_archives'
import type { EventMetadata } from '#event_store/port'
import type { StoredEvent } from '#event_store/stored_event'

const EVENTS_AT_ONCE = 5_000

const INSERT = `
  insert into run.event_origins (position, account_id, request, type)
  select position, account_id, hashtextextended(request, 0), type
  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) as o(position, account_id, request, type)`

/**
 * Takes from the archives by whom and by which request their events were: `run.take_event_origins` sees what is in the
 * database only. The archives are in folders.
 *
 * @throws ArchiveUnreadableError
 */
export async function takeArchivedOrigins(
  client: Pick<pg.ClientBase, 'query'>,
  progress: (done: number, total: number) => void
): Promise<void> {
  const archived = await readArchived(client)
  const archives = new LogArchives(client, NO_STRATEGIES)
  for (let last = 0; last < archived;) {
    const events = (await archives.read(last + 1, Math.min(last + EVENTS_AT_ONCE, archived))) ?? []
    const origins = events.map(originOf)
    await client.query(INSERT, [
      events.map(({ position }) => position),
      origins.map(({ actor }) => actor.account_id),
      origins.map(({ correlation_id: request }) => request),
      events.map(({ type }) => type),
    ])
    last = events.at(-1)?.position ?? archived
    progress(last, archived)
  }
  await client.query('update run.event_origins_end set position = $1', [archived])
}

/** What is sealed in it is not looked at. */
function originOf({ metadata }: StoredEvent): Pick<EventMetadata, 'actor' | 'correlation_id'> {
  return JSON.parse(metadata) as EventMetadata
}
