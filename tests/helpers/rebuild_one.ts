import type { AnyProjection } from '#projections/projection'
import { rebuild, type RebuildOptions, type RebuildResult } from '#projections/rebuild'

export type RebuildOneOptions = Omit<RebuildOptions, 'projections'> & { projection: AnyProjection }

/** Rebuilds one read model, and answers what came of it. */
export async function rebuildOne({
  projection,
  ...options
}: RebuildOneOptions): Promise<RebuildResult> {
  const [result] = await rebuild({ ...options, projections: [projection] })
  if (result === undefined) {
    throw new Error('The rebuild told nothing')
  }
  return result
}
