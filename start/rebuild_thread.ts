import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { ArchiveUnreadableError } from '#event_store/errors'
import { ProjectionError, type ProjectionErrorCode } from '#projections/errors'
import type { RebuildProgress, RebuildResult, RebuildWish } from '#projections/rebuild'
import type { ServicesConfig } from './services.ts'

const PROGRAM = new URL('./rebuild_program.ts', import.meta.url)
/** Next to nothing lives for longer than a page of the log; without a bound V8 would let garbage pile up. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 24 }
/**
 * In megabytes, of three that make the young generation: V8 would keep it at a fraction, and pages would outlive it. And
 * by how much the old one may grow before it is looked through, in per cent: rows live in it until they are written, and
 * V8 would look through it every few thousand events.
 */
const COLLECTING = '--min-semi-space-size=8 --heap-growing-percent=60'

/** What can be told to a thread. */
export interface RebuildOrder {
  config: ServicesConfig
  names: string[]
  gate: boolean
  dryRun: boolean
}

/** Errors lose their class on the way: those that somebody can do something about are told as data. */
export type RebuildAnswer =
  | { progress: RebuildProgress }
  | { result: RebuildResult }
  | { results: RebuildResult[] }
  | { refused: { code: ProjectionErrorCode; message: string } }
  | { unreadable: { file: string; message: string } }

/**
 * `rebuild` in a thread of its own, with bounded memory: whatever else the process does goes on meanwhile.
 *
 * @throws ProjectionError as `rebuild`
 * @throws ArchiveUnreadableError
 */
export function rebuildInThread(
  config: ServicesConfig,
  wish: RebuildWish
): Promise<RebuildResult[]> {
  const { projections, gate, dryRun = false, progress, done } = wish
  const { databaseUrl, redisUrl, eventStoreUrl, appKey, dataDir } = config
  const order: RebuildOrder = {
    config: { databaseUrl, redisUrl, eventStoreUrl, appKey, dataDir },
    names: projections.map(({ name }) => name),
    gate,
    dryRun,
  }
  // The first is read when a thread is made, the second by all that run from then on.
  setFlagsFromString(COLLECTING)
  const thread = new Worker(PROGRAM, { workerData: order, resourceLimits: RESOURCE_LIMITS })
  return new Promise((resolve, reject) => {
    thread.on('message', (answer: RebuildAnswer) => {
      if ('progress' in answer) {
        progress?.(answer.progress)
      } else if ('result' in answer) {
        done?.(answer.result)
      } else if ('results' in answer) {
        resolve(answer.results)
      } else if ('refused' in answer) {
        reject(new ProjectionError(answer.refused.code, answer.refused.message))
      } else {
        reject(new ArchiveUnreadableError(answer.unreadable.file, answer.unreadable.message))
      }
    })
    thread.once('error', reject)
    thread.once('exit', () => reject(new Error('The thread of a rebuild ended before it was done')))
  })
}
