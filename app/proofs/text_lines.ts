import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** The lines of a stream. Reading begins when the first is asked for: what `readline` is early for, it loses. */
export async function* textLines(input: Readable): AsyncGenerator<string> {
  yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
}
