import { availableParallelism } from 'node:os'
import { DigestThread } from './digest_thread.ts'
import { digestsOf, type Digests } from './rewrite_plan.ts'

/** Fewer bytes are hashed before a thread has been asked. */
const SMALL_BYTES = 32 * 1024
/** What a thread has to share memory for; more is hashed here. */
const LARGEST_BYTES = 16 * 1024 * 1024
const MOST_THREADS = Math.min(2, availableParallelism())

const idle: DigestThread[] = []
const waiting: ((thread: DigestThread) => void)[] = []
let threads = 0

/** Hashes bytes in a thread beside this one, which answers others meanwhile. */
export async function digestsBeside(bytes: Buffer): Promise<Digests> {
  if (bytes.length <= SMALL_BYTES || bytes.length > LARGEST_BYTES) {
    return digestsOf(bytes)
  }
  const thread = await takeThread()
  try {
    return await thread.digest(bytes)
  } finally {
    giveBack(thread)
  }
}

function takeThread(): DigestThread | Promise<DigestThread> {
  const free = idle.pop()
  if (free !== undefined) {
    return free
  }
  if (threads < MOST_THREADS) {
    threads += 1
    return new DigestThread()
  }
  return new Promise((resolve) => waiting.push(resolve))
}

function giveBack(used: DigestThread): void {
  const thread = used.isBroken ? new DigestThread() : used
  const next = waiting.shift()
  if (next === undefined) {
    idle.push(thread)
  } else {
    next(thread)
  }
}
