import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

/** Bytes in use, without what nobody refers to any more. */
function liveBytes(): number {
  if (typeof collect === 'function') {
    collect()
  }
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

/** Watches how memory grows from now on; `stop` answers the most it was above the beginning. */
export function watchMemory(): { stop(): number } {
  const before = liveBytes()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, liveBytes())
  }, 50)
  return {
    stop() {
      clearInterval(timer)
      return Math.max(most, liveBytes()) - before
    },
  }
}
