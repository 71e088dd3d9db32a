import type pg from 'pg'
import type { Json } from '#domain/event_definition'
import type { AnyProjection, Row, RowKey } from './projection.ts'

/** Where a copy of a read model lies: the one that serves, one being built, the one before, one for comparing only. */
export type Slot = 'live' | 'next' | 'previous' | 'scratch'

export const SCHEMAS: Record<Slot, string> = {
  live: 'read',
  next: 'read_next',
  previous: 'read_previous',
  scratch: 'pg_temp',
}

export type Client = Pick<pg.ClientBase, 'query'>

/** SQL for one read model's table in one slot. */
export class ReadModelTable {
  readonly name: string
  readonly #projection: AnyProjection
  readonly #columns: Array<[name: string, type: string]>

  constructor(projection: AnyProjection, slot: Slot) {
    this.name = `${SCHEMAS[slot]}.${projection.name}`
    this.#projection = projection
    this.#columns = Object.entries(projection.table.columns)
  }

  async create(client: Client): Promise<void> {
    const columns = this.#columns.map(([name, type]) =>
      name === this.#projection.table.key ? `${name} ${type} primary key` : `${name} ${type}`
    )
    await client.query(`create table ${this.name} (${columns.join(', ')})`)
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
    const { key, columns } = this.#projection.table
    const keyType = baseType(columns[key] ?? 'text')
    const { rows } = await client.query<Record<string, unknown>>({
      name: `load ${this.name} v${this.#projection.version}`,
      text: `select ${this.#columns.map(([name]) => name).join(', ')} from ${this.name}
             where ${key} = any($1::${keyType}[])`,
      values: [keys],
    })
    return rows.map((raw) => {
      const row: Row = {}
      for (const [name, type] of this.#columns) {
        row[name] = readValue(baseType(type), raw[name])
      }
      return [row[key] as RowKey, row]
    })
  }

  async write(client: Client, rows: readonly Row[]): Promise<void> {
    const { key } = this.#projection.table
    const names = this.#columns.map(([name]) => name)
    const typed = this.#columns.map(([name, type]) => `${name} ${baseType(type)}`)
    const replaced = names
      .filter((name) => name !== key)
      .map((name) => `${name} = excluded.${name}`)
    await client.query({
      name: `write ${this.name} v${this.#projection.version}`,
      text: `insert into ${this.name} (${names.join(', ')})
             select ${names.join(', ')} from json_to_recordset($1::json) as r(${typed.join(', ')})
             on conflict (${key}) do update set ${replaced.join(', ')}`,
      values: [JSON.stringify(rows)],
    })
  }

  async remove(client: Client, keys: readonly RowKey[]): Promise<void> {
    const { key, columns } = this.#projection.table
    await client.query({
      name: `remove ${this.name} v${this.#projection.version}`,
      text: `delete from ${this.name} where ${key} = any($1::${baseType(columns[key] ?? 'text')}[])`,
      values: [keys],
    })
  }

  /** Rows that stand in one table and not in the other, at most `limit`, and how many there are. */
  async difference(client: Client, other: ReadModelTable, limit: number): Promise<TableDifference> {
    const { rows } = await client.query<{ side: 'left' | 'right'; row: Json; total: string }>(
      `with differing as (
         select 'left' as side, to_jsonb(l) as row from
           (select * from ${this.name} except select * from ${other.name}) l
         union all
         select 'right' as side, to_jsonb(r) as row from
           (select * from ${other.name} except select * from ${this.name}) r
       )
       select side, row, count(*) over () as total from differing
       order by row ->> '${this.#projection.table.key}', side limit $1`,
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

function baseType(type: string): string {
  return type.replace(/ not null$/, '')
}

/** A column's value as the fold sees it: numbers for integers, RFC 3339 for times. */
function readValue(type: string, value: unknown): Json {
  if (value === null || value === undefined) {
    return null
  }
  switch (type) {
    case 'bigint':
      return Number(value)
    case 'bigint[]':
      return (value as string[]).map(Number)
    case 'timestamptz(3)':
      return (value as Date).toISOString()
    default:
      return value as Json
  }
}
