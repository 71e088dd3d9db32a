import { writeSync } from 'node:fs'
import { rebuild } from '#projections/rebuild'
import { openTestStore } from '#tests/helpers/event_store'
import { tallies } from './tallies.ts'

/** Rebuilds, and stays in the middle of it when an album gets the name `hold`. */
const [url = ''] = process.argv.slice(2)

await rebuild({
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
  gate: false,
})
