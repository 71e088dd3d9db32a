import { writeSync } from 'node:fs'
import { ProjectionRuntime } from '#projections/runtime'
import { openTestStore } from '#tests/helpers/event_store'
import { tallies } from './tallies.ts'

/** Runs a projection and stays in the middle of the batch in which an album gets the name `hold`. */
const [url = ''] = process.argv.slice(2)

new ProjectionRuntime({
  connectionString: url,
  eventStore: openTestStore(url),
  projections: [
    tallies({
      onName(name) {
        if (name === 'hold') {
          writeSync(1, 'holding\n')
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
        }
      },
    }),
  ],
  eager: true,
}).start()
