import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { isAlive } from './child_process.ts'
import { SupervisorError } from './errors.ts'

/** The layout of the data folder; raised when an older PicFast could not use it any more. */
const FORMAT = 1
const LEAST_FREE_BYTES = 64 * 1024 * 1024

/** The folder with everything of a site: PostgreSQL, Redis, objects, the site's key, logs. */
export class DataFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  in(...names: string[]): string {
    return join(this.path, ...names)
  }

  /**
   * Makes the folder when it is not there, and takes it for this process alone.
   *
   * @throws SupervisorError E_DATA_DIR_UNUSABLE, E_DATA_DIR_NEWER, E_ALREADY_RUNNING
   */
  open(): void {
    try {
      makeFolder(this.path)
      this.#probe()
    } catch (error) {
      throw new SupervisorError('E_DATA_DIR_UNUSABLE', this.#whyUnusable(error), { cause: error })
    }
    this.#checkFormat()
    this.#take()
    mkdirSync(this.in('logs'), { recursive: true, mode: 0o700 })
  }

  /** Gives the folder free for another start. */
  release(): void {
    if (this.#holder() === process.pid) {
      rmSync(this.in('supervisor.pid'), { force: true })
    }
  }

  /** The site's key, made when there is none; whoever has it can read what is sealed. */
  siteKey(): string {
    const file = this.in('app_key')
    if (!this.hasSiteKey) {
      writeDurably(file, randomBytes(32).toString('base64url'), 0o600)
    }
    return readFileSync(file, 'utf8').trim()
  }

  /** Whether the site has its key here. */
  get hasSiteKey(): boolean {
    return existsSync(this.in('app_key'))
  }

  /** Makes this the site's key, as when the site comes from a backup. */
  keepSiteKey(key: string): void {
    writeDurably(this.in('app_key'), key, 0o600)
  }

  #probe() {
    const file = this.in('.probe')
    const handle = openSync(file, 'w', 0o600)
    try {
      writeSync(handle, Buffer.alloc(64 * 1024))
      fsyncSync(handle)
    } finally {
      closeSync(handle)
      rmSync(file, { force: true })
    }
    const { bavail, bsize } = statfsSync(this.path)
    if (bavail * bsize < LEAST_FREE_BYTES) {
      throw Object.assign(new Error('too little space'), { code: 'ENOSPC' })
    }
  }

  #whyUnusable(error: unknown): string {
    const code = error instanceof Error && 'code' in error ? error.code : null
    switch (code) {
      case 'ENOSPC':
      case 'EDQUOT':
        return `The disk of the data folder ${this.path} is full: free some space, or set DATA_DIR to a folder on another disk.`
      case 'EROFS':
        return `The data folder ${this.path} is on a read-only disk: set DATA_DIR to a folder that can be written.`
      case 'EACCES':
      case 'EPERM':
        return `The data folder ${this.path} cannot be written by this user: change its owner, or set DATA_DIR to another folder.`
      case 'ENOTDIR':
      case 'EEXIST':
        return `${this.path} is not a folder: set DATA_DIR to one.`
      default:
        return `The data folder ${this.path} cannot be used: ${error instanceof Error ? error.message : error}`
    }
  }

  #checkFormat() {
    const file = this.in('version.json')
    if (!existsSync(file)) {
      writeDurably(file, `${JSON.stringify({ format: FORMAT })}\n`, 0o644)
      return
    }
    const { format }: { format?: unknown } = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof format !== 'number' || format > FORMAT) {
      throw new SupervisorError(
        'E_DATA_DIR_NEWER',
        `The data folder ${this.path} was made by a newer PicFast: update PicFast, or set DATA_DIR to another folder.`
      )
    }
  }

  #take() {
    const file = this.in('supervisor.pid')
    const holder = this.#holder()
    if (holder !== null) {
      throw new SupervisorError(
        'E_ALREADY_RUNNING',
        `PicFast (process ${holder}) runs on the data folder ${this.path} already: stop it first, or set DATA_DIR to another folder.`
      )
    }
    rmSync(file, { force: true })
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  }

  /** The living process that holds the folder. A number that another program bears by now does not count. */
  #holder(): number | null {
    const file = this.in('supervisor.pid')
    if (!existsSync(file)) {
      return null
    }
    const pid = Number(readFileSync(file, 'utf8'))
    if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) {
      return null
    }
    const commandLine = `/proc/${pid}/cmdline`
    const isOurs =
      !existsSync('/proc/self/cmdline') ||
      (existsSync(commandLine) && readFileSync(commandLine, 'utf8').includes('ace.js'))
    return isOurs || pid === process.pid ? pid : null
  }
}

/** Folder by folder: made all at once, Node does not say that a disk is read-only. */
function makeFolder(path: string): void {
  if (!existsSync(path)) {
    makeFolder(dirname(path))
    mkdirSync(path, { mode: 0o711 })
  }
}

function writeDurably(file: string, content: string, mode: number): void {
  const handle = openSync(`${file}.new`, 'w', mode)
  try {
    writeSync(handle, content)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(`${file}.new`, file)
}
