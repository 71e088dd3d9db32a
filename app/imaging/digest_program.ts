import { parentPort } from 'node:worker_threads'
import { digestsOf } from './rewrite_plan.ts'

// A thread that takes the memory it is to read from, and then, for each job, how many bytes lie there.
let bytes: Buffer = Buffer.alloc(0)

parentPort?.on('message', (message: SharedArrayBuffer | number) => {
  if (typeof message === 'number') {
    parentPort?.postMessage(digestsOf(bytes.subarray(0, message)))
  } else {
    bytes = Buffer.from(message)
  }
})
