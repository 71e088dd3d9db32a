import { setTimeout as delay } from 'node:timers/promises'
import type { SeededRandom } from '#tests/chaos/random'
import { SERVERS, SITE_PARTS, type Cluster, type Part } from './cluster.ts'

export const FAULTS = ['kill', 'freeze', 'cut off'] as const
export type Fault = (typeof FAULTS)[number]

export interface Trouble {
  part: Part
  fault: Fault
}

/** Each part in each round, in a random order; in three rounds each meets each fault. */
export function planTroubles(random: SeededRandom, rounds: number, faults: readonly Fault[]) {
  const parts: Part[] = [...SITE_PARTS, ...SERVERS]
  const shift = random.below(faults.length)
  const troubles: Trouble[] = []
  for (let round = 0; round < rounds; round += 1) {
    const planned = parts.map((part, index) => ({
      part,
      fault: faults[(index + shift + round) % faults.length] ?? 'kill',
    }))
    while (planned.length > 0) {
      troubles.push(...planned.splice(random.below(planned.length), 1))
    }
  }
  return troubles
}

export async function inflict(cluster: Cluster, { part, fault }: Trouble): Promise<void> {
  switch (fault) {
    case 'kill':
      return cluster.process(part).kill()
    case 'freeze':
      return cluster.process(part).freeze()
    case 'cut off':
      return cluster.cut(part)
  }
}

export async function heal(cluster: Cluster, { part, fault }: Trouble): Promise<void> {
  switch (fault) {
    case 'kill':
      return cluster.startPart(part)
    case 'freeze':
      return cluster.process(part).thaw()
    case 'cut off':
      return cluster.mend(part)
  }
}

/** The moment at which something goes wrong is random, not waited for. */
export function randomMoment(random: SeededRandom): Promise<void> {
  return delay(random.below(300))
}
