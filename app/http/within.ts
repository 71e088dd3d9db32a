/**
 * What the work answers, when it does so in time.
 *
 * @throws Error when it takes longer; the work itself goes on
 */
export async function within<Value>(
  milliseconds: number,
  work: () => Promise<Value>
): Promise<Value> {
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('It took too long')), milliseconds)
  try {
    return await Promise.race([work(), expired])
  } finally {
    clearTimeout(timer)
  }
}
