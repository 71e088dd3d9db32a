import { openTestStore } from '#tests/helpers/event_store'
import { METADATA, renamed } from '#tests/helpers/events'

/** Appends without end, ten at a time, and prints the name of each event once its append was answered. */
const [url = '', writer = ''] = process.argv.slice(2)
const store = openTestStore(url)

async function write(lane: number) {
  for (let round = 0; ; round++) {
    const name = `${writer}/${lane}/${round}`
    const stream = round % 2 === 0 ? 'album-1' : `album-${writer}${lane}`
    await store.append({
      stream,
      expectedVersion: 'any',
      events: [renamed(1, name)],
      metadata: METADATA,
    })
    process.stdout.write(`${name}\n`)
  }
}

await Promise.all(Array.from({ length: 10 }, (_, lane) => write(lane)))
