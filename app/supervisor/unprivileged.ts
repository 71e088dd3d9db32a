import { spawnSync } from 'node:child_process'
import { chownSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SupervisorError } from './errors.ts'

/**
 * How to run a program that refuses root. `direct`: we are not root. `user`: as an unprivileged user that owns the data.
 * `namespace`: in a user namespace where root bears another number, for folders only root may enter.
 */
export type Launch =
  { kind: 'direct' } | { kind: 'user'; uid: number; gid: number } | { kind: 'namespace' }

interface SystemUser {
  uid: number
  gid: number
}

/** The first of these that exists runs PostgreSQL. */
const CANDIDATES = ['postgres', 'nobody']

function findUser(): SystemUser | null {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of CANDIDATES) {
    const fields = lines.map((line) => line.split(':')).find(([user]) => user === name)
    if (fields !== undefined) {
      return { uid: Number(fields[2]), gid: Number(fields[3]) }
    }
  }
  return null
}

/** Whether the user may enter the folder and run what lies there. */
function canReach({ uid, gid }: SystemUser, folder: string): boolean {
  return spawnSync('test', ['-x', folder], { uid, gid, cwd: '/' }).status === 0
}

/** The arguments that run a program in a user namespace in which root is `nobody`. */
export function namespaceArguments(program: string, args: string[]): [string, string[]] {
  return ['unshare', ['--user', '--map-user=65534', '--map-group=65534', program, ...args]]
}

function canUseNamespace(): boolean {
  const [program, args] = namespaceArguments('true', [])
  return spawnSync(program, args).status === 0
}

/**
 * Decides how to run PostgreSQL, whose programs lie in `programs` and whose data below `parent`.
 *
 * @throws SupervisorError E_POSTGRES_UNAVAILABLE when we are root and no way is open
 */
export function chooseLaunch(programs: string, parent: string): Launch {
  if (process.getuid?.() !== 0) {
    return { kind: 'direct' }
  }
  const user = findUser()
  if (user !== null && canReach(user, programs) && canReach(user, parent)) {
    return { kind: 'user', ...user }
  }
  if (canUseNamespace()) {
    return { kind: 'namespace' }
  }
  throw new SupervisorError(
    'E_POSTGRES_UNAVAILABLE',
    'PostgreSQL does not run as root, and no other user may enter this folder: start PicFast as an ordinary user, move it to a folder that all may enter (such as /srv/picfast), or set DATABASE_URL.'
  )
}

/** Gives a folder and all in it to a user. */
export function giveTo(folder: string, { uid, gid }: SystemUser): void {
  chownSync(folder, uid, gid)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      giveTo(path, { uid, gid })
    } else {
      chownSync(path, uid, gid)
    }
  }
}
