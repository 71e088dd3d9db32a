import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 8 * 1024

let pool = Buffer.alloc(0)
let used = 0

/** Random bytes from the system's generator, drawn in bulk: a call for a few at a time costs microseconds each. */
export function drawRandom(length: number): Buffer {
  if (used + length > pool.length) {
    pool = randomFillSync(Buffer.alloc(Math.max(POOL_BYTES, length)))
    used = 0
  }
  used += length
  return pool.subarray(used - length, used)
}
