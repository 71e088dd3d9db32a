import logger from '@adonisjs/core/services/logger'

/** The log of a process without requests; each line names what kind of process it is. */
export interface ProcessLog {
  tell(message: string): void
  warn(message: string, error: unknown): void
}

export function processLog(role: 'worker' | 'projector'): ProcessLog {
  const lines = logger.child({ role })
  return {
    tell: (message) => lines.info(message),
    warn: (message, error) => lines.warn({ err: error }, message),
  }
}

/** What nobody caught ends the process, as it does anyway, but the log then says so as it says all else. */
export function logWhatNobodyCaught(): void {
  process.once('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'The process ends: nobody caught this')
    process.exit(1)
  })
}
