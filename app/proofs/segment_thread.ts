import { parentPort, workerData } from 'node:worker_threads'
import pg from 'pg'
import { ArchiveUnreadableError } from '#event_store/errors'
import { SegmentWorker, type Answer, type Order, type WorkerOptions } from './segment_worker.ts'
import { joinSnapshot } from './snapshot.ts'

/** The program of a thread that checks segments of the log, over a connection of its own. */

export interface ThreadOptions extends WorkerOptions {
  connectionString: string
  /** The snapshot that all look at. */
  snapshot: string
}

/** Errors lose their class on the way: what is wrong with an archive is told as data. */
export type ThreadAnswer = { answer: Answer } | { unreadable: { file: string; message: string } }

const { connectionString, snapshot, ...options }: ThreadOptions = workerData

const client = new pg.Client({ connectionString })
await client.connect()
await joinSnapshot(client, snapshot)
const worker = new SegmentWorker(client, options)

// A failure ends the thread: whoever gave the order is told by that.
parentPort?.on('message', (order: Order) => {
  void worker.perform(order).then(
    (answer) => parentPort?.postMessage({ answer } satisfies ThreadAnswer),
    (error: unknown) => {
      if (!(error instanceof ArchiveUnreadableError)) {
        throw error
      }
      const { file, message } = error
      parentPort?.postMessage({ unreadable: { file, message } } satisfies ThreadAnswer)
    }
  )
})
