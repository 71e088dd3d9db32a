import type { NewEvent } from '#event_store/port'
import { defineProjection, type AnyProjection } from '#projections/projection'

type TallyRow = {
  album_id: number
  /** How many of the album's events were folded. */
  applied: number
  /** The names it had, in order. */
  names: string[]
}

const TOO_BIG_FOR_INTEGER = 3_000_000_000

/**
 * Counts each album's events, so that one folded twice or out of order shows. A name in `refused` makes the fold
 * throw; the name `too big` makes a row that PostgreSQL refuses, unless `clamped`.
 */
export function tallies(
  options: {
    name?: string
    version?: number
    refused?: ReadonlySet<string>
    clamped?: boolean
    onName?: (name: string) => void
  } = {}
): AnyProjection {
  return defineProjection<TallyRow>({
    name: options.name ?? 'tallies',
    version: options.version ?? 1,
    table: {
      columns: {
        album_id: 'bigint not null',
        applied: 'integer not null',
        names: 'text[] not null',
      },
      key: 'album_id',
      indexes: {},
    },
    keys: (event) =>
      event.type === 'album.created' || event.type === 'album.changed' ? [event.data.album_id] : [],
    concerns: (row) => row.album_id,
    apply(rows, event) {
      if (event.type !== 'album.created' && event.type !== 'album.changed') {
        return
      }
      const { album_id: albumId } = event.data
      const name = event.data.name ?? ''
      options.onName?.(name)
      if (options.refused?.has(name)) {
        throw new RangeError(`"${name}" is poison`)
      }
      const row = rows.get(albumId)
      const applied = (row?.applied ?? 0) + 1
      rows.put({
        album_id: albumId,
        applied: name === 'too big' && !options.clamped ? TOO_BIG_FOR_INTEGER : applied,
        names: [...(row?.names ?? []), name],
      })
    },
  })
}

export function created(albumId: number, name = 'first'): NewEvent {
  return {
    type: 'album.created',
    data: { album_id: albumId, owner_id: 1, name, intro: '' },
  }
}
