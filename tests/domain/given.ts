import type { Assert } from '@japa/assert'
import { DomainError, type DomainErrorCode } from '#domain/domain_error'

/**
 * Given what has happened, when this is decided, then that happens. Events are folded into the state that the decision
 * is taken upon.
 */
export function given<State, Event>(
  evolve: (state: State | null, event: Event) => State | null,
  ...history: Event[]
) {
  const state = history.reduce<State | null>(evolve, null)
  return {
    when: (decide: (state: State | null) => Event[]) => ({
      then: (assert: Assert, ...expected: Event[]) => assert.deepEqual(decide(state), expected),
      thenRefused: (assert: Assert, code: DomainErrorCode) => {
        try {
          decide(state)
        } catch (error) {
          assert.instanceOf(error, DomainError)
          return assert.propertyVal(error, 'code', code)
        }
        assert.fail(`It was not refused with ${code}`)
      },
    }),
  }
}
