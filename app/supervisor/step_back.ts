import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

const THREADS = '/proc/self/task'

/** How far to step back: for work that is waited for a little, or not at all. */
const STANDINGS = {
  behind: constants.priority.PRIORITY_BELOW_NORMAL,
  last: constants.priority.PRIORITY_LOW,
}

/**
 * Has this process, and those that it starts, give way to others. On Linux each thread has a standing, those that collect
 * garbage and read files too, and a thread has that of the one which starts it. Linux can also weigh each session by itself
 * (autogroups); the standing of a process then counts within its session alone, and a session of its own has to step back as
 * a whole.
 */
export function stepBack(standing: keyof typeof STANDINGS): void {
  const level = STANDINGS[standing]
  try {
    setPriority(level)
    for (const thread of readdirSync(THREADS)) {
      setPriority(Number(thread), level)
    }
    if (isSessionOfItsOwn()) {
      writeFileSync('/proc/self/autogroup', String(level))
    }
  } catch {
    // A system that cannot do so goes on without.
  }
}

function isSessionOfItsOwn(): boolean {
  const [, , , session] = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
  return session === String(process.pid)
}
