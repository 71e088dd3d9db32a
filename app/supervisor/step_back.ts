import { readFileSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

const STANDING = constants.priority.PRIORITY_BELOW_NORMAL

/**
 * Has this process, and those that it starts, give way to others: for work that nobody waits for. Linux can weigh each
 * session by itself (autogroups); the standing of a process then counts within its session alone, and a session of its
 * own has to step back as a whole.
 */
export function stepBack(): void {
  try {
    setPriority(STANDING)
    if (isSessionOfItsOwn()) {
      writeFileSync('/proc/self/autogroup', String(STANDING))
    }
  } catch {
    // A system that cannot do so goes on without.
  }
}

function isSessionOfItsOwn(): boolean {
  const [, , , session] = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
  return session === String(process.pid)
}
