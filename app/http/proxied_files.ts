import { isAbsolute, relative, resolve, sep } from 'node:path'

/** How a proxy in front is told to send a file by itself; `off` when there is none that can. */
export const PROXY_MODES = ['off', 'x-accel-redirect', 'x-sendfile'] as const
export type ProxyMode = (typeof PROXY_MODES)[number]

/** Where nginx's internal location for the data folder begins. */
const ACCEL_PREFIX = '/_picfast_data/'

/** Says in a header where a file lies, for the proxy in front to send it. */
export class ProxiedFiles {
  readonly #mode: ProxyMode
  readonly #dataDir: string

  constructor(options: { mode: ProxyMode; dataDir: string }) {
    this.#mode = options.mode
    this.#dataDir = options.dataDir
  }

  /** The header for a file at this path, or `null` when this server must send it: only the data folder is shared. */
  headerFor(path: string | null): { header: string; value: string } | null {
    if (this.#mode === 'off' || path === null) {
      return null
    }
    const below = relative(this.#dataDir, path)
    if (below.startsWith('..') || isAbsolute(below)) {
      return null
    }
    return this.#mode === 'x-sendfile'
      ? { header: 'X-Sendfile', value: resolve(path) }
      : {
          header: 'X-Accel-Redirect',
          value: ACCEL_PREFIX + below.split(sep).map(encodeURIComponent).join('/'),
        }
  }
}
