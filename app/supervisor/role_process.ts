/**
 * Resolves when this process is asked to end: by a signal, or because the supervisor that started it is gone.
 */
export function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => resolve())
    }
    if (process.send !== undefined) {
      process.once('disconnect', () => resolve())
      // The channel must not keep alive a process that has nothing more to do.
      process.channel?.unref()
    }
  })
}
