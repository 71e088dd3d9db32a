import type { Medians } from './rounds.ts'

/** One figure beside its limit and its peer; ratios are ours over theirs. */
export interface Figure {
  bench: string
  case: string
  value: number
  unit: string
  limit: number | null
  peer: number | null
  ratio_limit: number | null
  ratio_peer: number | null
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

export function figure(bench: string, name: string, unit: string, medians: Medians): Figure {
  const { ours, limit, peer } = medians
  const digits = ours < 100 ? 2 : 0
  return {
    bench,
    case: name,
    value: rounded(ours, digits),
    unit,
    limit: limit === null ? null : rounded(limit, digits),
    peer: peer === null ? null : rounded(peer, digits),
    ratio_limit: limit === null ? null : rounded(ours / limit, 2),
    ratio_peer: peer === null ? null : rounded(ours / peer, 2),
  }
}

const HEAD = ['bench', 'case', 'value', 'unit', 'limit', 'peer', '÷ limit', '÷ peer']

export function printTable(figures: readonly Figure[]): void {
  const rows = [
    HEAD,
    ...figures.map((row) => [
      row.bench,
      row.case,
      String(row.value),
      row.unit,
      ...[row.limit, row.peer, row.ratio_limit, row.ratio_peer].map((cell) =>
        cell === null ? '–' : String(cell)
      ),
    ]),
  ]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows) {
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  }
}
