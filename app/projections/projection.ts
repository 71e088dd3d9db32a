import type { RecordedFact } from '#event_store/port'
import type { Json } from '#domain/event_definition'

export type ColumnType =
  | 'bigint'
  | 'integer'
  | 'smallint'
  | 'text'
  | 'boolean'
  | 'jsonb'
  | 'timestamptz(3)'
  | 'text[]'
  | 'bigint[]'

/** A table as data, so that the same one can be made beside itself. Timestamps are RFC 3339 strings in rows. */
export interface TableSpec<R> {
  columns: { readonly [Name in keyof R & string]: ColumnType | `${ColumnType} not null` }
  key: keyof R & string
  /** Index definitions after `on table`, by name: `(owner_id, created_at desc)`. */
  indexes: Readonly<Record<string, { on: string; unique?: boolean; where?: string }>>
}

export type RowKey = number | string
export type Row = Record<string, Json>

/** The rows that an event touches: loaded before, changed in memory, written afterwards. */
export interface Rows<R> {
  get(key: RowKey): R | undefined
  /** Puts a row under its key column, in place of one that is there. */
  put(row: R): void
  remove(key: RowKey): void
}

/**
 * A read model as a pure fold. `keys` names the rows that an event touches (none: the event does not concern it), and
 * `apply` changes just those. Nothing else reaches it: no database, no clock, no chance, no effect.
 */
export interface Projection<R = Row> {
  readonly name: string
  /** Raised with every change of the table or of the fold's meaning: the read model is then rebuilt beside the old. */
  readonly version: number
  readonly table: TableSpec<R>
  keys(event: RecordedFact): readonly RowKey[]
  apply(rows: Rows<R>, event: RecordedFact): void
  /**
   * The account whose answers are made of a row, `EVERYBODY`, or `null` where none is kept that is: see
   * `docs/caching.md`.
   */
  concerns(row: R): number | null
}

/** A projection whose row type only it knows. */
export type AnyProjection = Projection

/** Declares a projection; the rows' type is checked against the table. */
export function defineProjection<R extends Row>(projection: Projection<R>): AnyProjection {
  return projection
}
