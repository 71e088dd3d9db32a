export type Measure = () => Promise<number>

export interface Contest {
  ours: Measure
  limit?: Measure
  peer?: Measure
}

export interface Medians {
  ours: number
  limit: number | null
  peer: number | null
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** The value below which this share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Measures all in turn, round after round, so that a machine whose speed drifts is the same to all; answers medians. */
export async function inTurn<Name extends string>(
  measures: Record<Name, Measure>,
  rounds: number
): Promise<Record<Name, number>> {
  const names = Object.keys(measures) as Name[]
  const values = new Map<Name, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      values.get(name)?.push(await measures[name]())
    }
  }
  const medians = names.map((name) => [name, median(values.get(name) ?? [])])
  return Object.fromEntries(medians) as Record<Name, number>
}

/** The same for what is measured beside a limit and a peer. */
export async function interleave(contest: Contest, rounds: number): Promise<Medians> {
  const { limit, ours, peer } = contest
  const measures = { ...(limit && { limit }), ours, ...(peer && { peer }) }
  return { limit: null, peer: null, ...(await inTurn<'ours'>(measures, rounds)) }
}

/** How many times a second `work` can be done with so many at a time, over about so long. */
export async function rate(
  concurrency: number,
  milliseconds: number,
  work: () => Promise<unknown>
): Promise<number> {
  const startedAt = performance.now()
  let done = 0
  const lane = async () => {
    while (performance.now() - startedAt < milliseconds) {
      await work()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return done / ((performance.now() - startedAt) / 1000)
}
