import type pg from 'pg'
import type { Json } from '#domain/event_definition'
import { arrayType, encodeColumn, readValue, typeOf } from './column_values.ts'
import type { AnyProjection, ColumnType, Row, RowKey } from './projection.ts'

/** Where a copy of a read model lies: the one that serves, one being built, the one before, one for comparing only. */
export type Slot = 'live' | 'next' | 'previous' | 'scratch'

export const SCHEMAS: Record<Slot, string> = {
  live: 'read',
  next: 'read_next',
  previous: 'read_previous',
  scratch: 'pg_temp',
}

/** A copy's slot, or a schema of its own. */
export type Place = Slot | { schema: string }

export type Client = Pick<pg.ClientBase, 'query'>

/** SQL for one read model's table in one place. */
export class ReadModelTable {
  readonly name: string
  readonly #projection: AnyProjection
  readonly #columns: Array<[name: string, type: ColumnType]>

  constructor(projection: AnyProjection, place: Place) {
    const schema = typeof place === 'string' ? SCHEMAS[place] : place.schema
    this.name = `${schema}.${projection.name}`
    this.#projection = projection
    this.#columns = Object.entries(projection.table.columns).map(([name, declared]) => [
      name,
      typeOf(declared),
    ])
  }

  get #keyType(): ColumnType {
    return typeOf(this.#projection.table.columns[this.#projection.table.key] ?? 'text')
  }

  keyOf(row: Row): RowKey {
    return row[this.#projection.table.key] as RowKey
  }

  async create(client: Client): Promise<void> {
    const { key, columns } = this.#projection.table
    const declared = Object.entries(columns).map(
      ([name, type]) => `${name} ${type}${name === key ? ' primary key' : ''}`
    )
    await client.query(`create table ${this.name} (${declared.join(', ')})`)
  }

  /** Made after a fill, which is faster without them. */
  async createIndexes(client: Client): Promise<void> {
    const { name, table } = this.#projection
    for (const [index, { on, unique, where }] of Object.entries(table.indexes)) {
      await client.query(
        `create ${unique ? 'unique ' : ''}index if not exists ${name}_${index}
         on ${this.name} ${on} ${where ? `where ${where}` : ''}`
      )
    }
  }

  async drop(client: Client): Promise<void> {
    await client.query(`drop table if exists ${this.name}`)
  }

  /** So that queries are planned well from the start. */
  async analyze(client: Client): Promise<void> {
    await client.query(`analyze ${this.name}`)
  }

  async load(client: Client, keys: readonly RowKey[]): Promise<Array<[RowKey, Row]>> {
    const { key } = this.#projection.table
    const { rows } = await client.query<Record<string, unknown>>({
      name: `load ${this.name} v${this.#projection.version}`,
      text: `select ${this.#columns.map(([name]) => name).join(', ')} from ${this.name}
             where ${key} = any($1::${arrayType(this.#keyType)})`,
      values: [encodeColumn(this.#keyType, keys)],
    })
    return rows.map((raw) => {
      const row: Row = {}
      for (const [name, type] of this.#columns) {
        row[name] = readValue(type, raw[name])
      }
      return [this.keyOf(row), row]
    })
  }

  /** Inserts rows, or replaces those that are there. */
  upsert(rows: readonly Row[]): pg.QueryConfig {
    const { key } = this.#projection.table
    const names = this.#columns.map(([name]) => name)
    const cast = this.#columns.map(([name, type]) => `${name}::${type}`)
    const arrays = this.#columns.map(([, type], index) => `$${index + 1}::${arrayType(type)}`)
    const replaced = names
      .filter((name) => name !== key)
      .map((name) => `${name} = excluded.${name}`)
    return {
      name: `write ${this.name} v${this.#projection.version}`,
      text: `insert into ${this.name} (${names.join(', ')})
             select ${cast.join(', ')} from unnest(${arrays.join(', ')}) as r(${names.join(', ')})
             on conflict (${key}) do update set ${replaced.join(', ')}`,
      values: this.#columns.map(([name, type]) =>
        encodeColumn(
          type,
          rows.map((row) => row[name] ?? null)
        )
      ),
    }
  }

  removal(keys: readonly RowKey[]): pg.QueryConfig {
    return {
      name: `remove ${this.name} v${this.#projection.version}`,
      text: `delete from ${this.name}
             where ${this.#projection.table.key} = any($1::${arrayType(this.#keyType)})`,
      values: [encodeColumn(this.#keyType, keys)],
    }
  }

  /** Rows that stand in one table and not in the other, at most `limit`, and how many there are. */
  async difference(client: Client, other: ReadModelTable, limit: number): Promise<TableDifference> {
    const { key } = this.#projection.table
    const { rows } = await client.query<{ side: 'left' | 'right'; row: Json; total: string }>(
      `with pairs as materialized (
         select case when l.${key} is not null then to_jsonb(l) end as l,
           case when r.${key} is not null then to_jsonb(r) end as r
         from ${this.name} l full join ${other.name} r on l.${key} = r.${key}
         where l is distinct from r
       ), differing as (
         select 'left' as side, l as row from pairs where l is not null
         union all select 'right', r from pairs where r is not null
       )
       select side, row, count(*) over () as total from differing
       order by row ->> '${key}', side limit $1`,
      [limit]
    )
    return {
      count: Number(rows[0]?.total ?? 0),
      sample: rows.map(({ side, row }) => ({
        table: side === 'left' ? this.name : other.name,
        row,
      })),
    }
  }
}

export interface TableDifference {
  /** Rows that differ, each side counted. */
  count: number
  sample: Array<{ table: string; row: Json }>
}
