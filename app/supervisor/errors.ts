export type SupervisorErrorCode =
  | 'E_PORT_IN_USE'
  | 'E_DATA_DIR_UNUSABLE'
  | 'E_DATA_DIR_NEWER'
  | 'E_ALREADY_RUNNING'
  | 'E_POSTGRES_UNAVAILABLE'
  | 'E_REDIS_UNAVAILABLE'
  | 'E_REDIS_EVICTS'
  | 'E_INVALID_ENVIRONMENT'

/** Why PicFast cannot start, as one sentence that says what to do. */
export class SupervisorError extends Error {
  override name = 'SupervisorError'
  readonly code: SupervisorErrorCode

  constructor(code: SupervisorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
