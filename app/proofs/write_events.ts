import type pg from 'pg'
import { addRoom } from '#event_store/log_room'
import type { ChainEnd, StoredEvent } from '#event_store/stored_event'
import { ProofError } from './errors.ts'
import type { GuardChanges } from './guard_changes.ts'
import { readHead } from './log_head.ts'

const insertInto = (table: string) => `
  insert into ${table} (position, stream, version, id, type, schema_version, data, metadata, recorded_at, hash)
  select position, stream, version, id, type, schema_version, data::json, metadata::json,
    timestamptz 'epoch' + recorded_at * interval '1 millisecond', hash
  from unnest($1::bigint[], $2::text[], $3::integer[], $4::uuid[], $5::text[], $6::smallint[], $7::text[], $8::text[],
    $9::bigint[], $10::bytea[])
    as e(position, stream, version, id, type, schema_version, data, metadata, recorded_at, hash)`

const MOVE_HEAD = `
  update log.head set position = $1, hash = $2,
    recorded_at = timestamptz 'epoch' + $3::bigint * interval '1 millisecond'`

/** Claims are taken and given back in the order of the events. */
const APPLY_CLAIMS = `
  select status from unnest($1::text[], $2::text[]) with ordinality as c(stream, guards, number)
  cross join lateral log.apply_guards(c.guards::json, c.stream)
  order by number`

const ADD_TO_BUDGETS = `
  insert into log.budgets as b (scope, used)
  select scope, delta from unnest($1::text[], $2::bigint[]) as c(scope, delta)
  on conflict (scope) do update set used = b.used + excluded.used`

/**
 * Writes events as they are, in one transaction, with what they claim and add up. Nobody else may have written since
 * `last`.
 */
export async function writeEvents(
  client: pg.Client,
  last: ChainEnd,
  events: readonly StoredEvent[],
  changes: readonly GuardChanges[]
): Promise<void> {
  const end = events.at(-1)
  await addRoom(client, events.length)
  await client.query('begin')
  try {
    await client.query('select 1 from log.head for update')
    if ((await readHead(client)).position !== last.position || end === undefined) {
      throw new ProofError('E_LOG_CONTINUES_ELSEWHERE', 'The site wrote to the log meanwhile')
    }
    await insertEvents(client, 'log.events', events)
    await applyClaims(client, changes)
    await addToBudgets(client, changes)
    await client.query(MOVE_HEAD, [end.position, end.hash, end.recordedAt])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

/** Into the log's table, or one of its partitions. */
export async function insertEvents(
  client: Pick<pg.ClientBase, 'query'>,
  table: string,
  events: readonly StoredEvent[]
): Promise<void> {
  await client.query(insertInto(table), columnsOf(events))
}

function columnsOf(events: readonly StoredEvent[]): unknown[] {
  return [
    events.map(({ position }) => position),
    events.map(({ stream }) => stream),
    events.map(({ version }) => version),
    events.map(({ id }) => id),
    events.map(({ type }) => type),
    events.map(({ schemaVersion }) => schemaVersion),
    events.map(({ data }) => data),
    events.map(({ metadata }) => metadata),
    events.map(({ recordedAt }) => recordedAt),
    events.map(({ hash }) => hash),
  ]
}

async function applyClaims(client: pg.Client, changes: readonly GuardChanges[]): Promise<void> {
  const claiming = changes.filter(({ claims }) => claims.length > 0)
  const { rows } = await client.query<{ status: string | null }>(APPLY_CLAIMS, [
    claiming.map(({ stream }) => stream),
    claiming.map(({ claims }) =>
      JSON.stringify({
        claims: claims.map(({ action, scope, value }) => [action, scope, value]),
        budgets: [],
      })
    ),
  ])
  const refused = rows.findIndex(({ status }) => status !== null)
  if (refused !== -1) {
    throw new ProofError(
      'E_LOG_NOT_SOUND',
      `Event ${claiming[refused]?.position} claims what another one has`
    )
  }
}

async function addToBudgets(client: pg.Client, changes: readonly GuardChanges[]): Promise<void> {
  const sums = new Map<string, number>()
  for (const { scope, delta } of changes.flatMap(({ budgets }) => budgets)) {
    sums.set(scope, (sums.get(scope) ?? 0) + delta)
  }
  await client.query(ADD_TO_BUDGETS, [[...sums.keys()], [...sums.values()]])
}
