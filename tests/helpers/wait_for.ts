import { setTimeout as delay } from 'node:timers/promises'

/** Looks again and again until the condition holds; fails with a sentence when it does not by the deadline. */
export async function waitFor<Value>(
  condition: () => Value | Promise<Value>,
  options: { what: string; timeoutMs?: number; everyMs?: number }
): Promise<NonNullable<Value>> {
  const deadline = Date.now() + (options.timeoutMs ?? 10_000)
  for (;;) {
    const value = await condition()
    if (value) {
      return value
    }
    if (Date.now() > deadline) {
      throw new Error(`Waited in vain for ${options.what}`)
    }
    await delay(options.everyMs ?? 10)
  }
}
