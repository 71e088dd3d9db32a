import { OBJECT_REFERENCES, REMOVED_OBJECT_REFERENCES } from '#domain/guards'
import { BudgetExceededError, ClaimTakenError } from '#event_store/errors'

/**
 * The object that an image was to refer to has been taken away, or others have stored the same bytes or given the same
 * name meanwhile: what there is must be looked up again.
 */
export class ObjectChangedError extends Error {
  override name = 'ObjectChangedError'
  readonly code = 'E_OBJECT_CHANGED'
}

/** Whether an append was refused because of the object that it was to refer to. */
export function isObjectChanged(error: unknown): boolean {
  return (
    (error instanceof BudgetExceededError &&
      error.scope.startsWith(OBJECT_REFERENCES) &&
      error.used >= REMOVED_OBJECT_REFERENCES) ||
    (error instanceof ClaimTakenError &&
      (error.scope === 'stored_object' || error.scope === 'object_key'))
  )
}
