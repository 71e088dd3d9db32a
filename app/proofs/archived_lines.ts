import type pg from 'pg'
import { readArchived } from '#event_store/archive'
import type { StrategyArchives } from '#event_store/archive_store'
import { LogArchives } from '#event_store/log_archives'
import { chainLine } from '#event_store/stored_event'
import type { LineRange, StoredLine } from './stored_lines.ts'

const EVENTS_AT_ONCE = 2_000

/** The part of a range that is in archives. */
export interface ArchivedLines {
  /** The last position that is in an archive, or 0. */
  through: number
  chunks: AsyncIterable<StoredLine[]>
}

/** @throws ArchiveUnreadableError while the chunks are taken */
export async function archivedLines(
  client: pg.ClientBase,
  range: LineRange,
  archives?: StrategyArchives
): Promise<ArchivedLines> {
  const through = await readArchived(client)
  return { through, chunks: chunksOf(client, range, through, archives) }
}

async function* chunksOf(
  client: pg.ClientBase,
  { after, upTo, limit = Number.MAX_SAFE_INTEGER }: LineRange,
  through: number,
  strategies?: StrategyArchives
): AsyncGenerator<StoredLine[]> {
  const from = Math.max(after ?? 0, 0)
  const end = Math.min(through, upTo ?? through, from + limit)
  const archives = new LogArchives(client, strategies)
  for (let last = from; last < end;) {
    const events = await archives.read(last + 1, Math.min(last + EVENTS_AT_ONCE, end))
    if (events === null) {
      return
    }
    yield events.map((event) => ({ line: Buffer.from(chainLine(event)), hash: event.hash }))
    last = events.at(-1)?.position ?? end
  }
}

/** The part of a range that is in the database; `null` when there is none. */
export function tableRange({ after, upTo, limit }: LineRange, through: number): LineRange | null {
  const isAbove = through > Math.max(after ?? 0, 0)
  if (through === 0 || !isAbove) {
    return { after, upTo, limit }
  }
  const rest = limit === undefined ? undefined : limit - (through - Math.max(after ?? 0, 0))
  const isOver = (upTo !== null && upTo <= through) || (rest !== undefined && rest <= 0)
  return isOver ? null : { after: through, upTo, limit: rest }
}
