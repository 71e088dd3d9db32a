import { ProjectionError } from './errors.ts'
import type { AnyProjection } from './projection.ts'
import { projections } from './registry.ts'

/**
 * The projections of these names, or all when none is named.
 *
 * @throws ProjectionError E_UNKNOWN_PROJECTION
 */
export function selectProjections(names: readonly string[] | undefined): readonly AnyProjection[] {
  if (names === undefined || names.length === 0) {
    return projections
  }
  return names.map((name) => {
    const found = projections.find((projection) => projection.name === name)
    if (found === undefined) {
      const known = projections.map((projection) => projection.name).join(', ')
      throw new ProjectionError(
        'E_UNKNOWN_PROJECTION',
        `There is no read model "${name}". There are: ${known}`
      )
    }
    return found
  })
}
