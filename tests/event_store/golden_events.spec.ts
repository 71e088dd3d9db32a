import { readFileSync } from 'node:fs'
import { test } from '@japa/runner'
import { catalogue, findEventDefinition } from '#domain/catalogue'
import { upcast, upcasters, type Payload } from '#event_store/upcasters'
import { UnknownEventTypeError } from '#event_store/errors'

interface GoldenEvent {
  type: string
  schema_version: number
  data: Payload
}

/** Every shape that was ever written, one a line. Lines are added and never changed: old logs hold them. */
const GOLDEN: GoldenEvent[] = JSON.parse(
  readFileSync(new URL('golden_events.json', import.meta.url), 'utf8')
)

test.group('Event store | golden events', () => {
  test('every shape that was ever written is read in its present one', ({ assert }) => {
    for (const { type, schema_version: version, data } of GOLDEN) {
      const lifted = upcast(type, version, data)
      const parsed = findEventDefinition(type)?.schema.safeParse(lifted)
      assert.isTrue(parsed?.success, `${type} v${version}: ${parsed?.error?.message}`)
      assert.deepEqual(parsed?.data, lifted)
    }
  })

  test('every shape that can be written is among them', ({ assert }) => {
    const known = new Set(GOLDEN.map(({ type, schema_version: version }) => `${type} v${version}`))
    const missing = catalogue
      .flatMap(({ type, schemaVersion }) =>
        Array.from({ length: schemaVersion }, (_, index) => `${type} v${index + 1}`)
      )
      .filter((name) => !known.has(name))
    assert.deepEqual(missing, [])
  })

  test('a type or a version from elsewhere is refused', ({ assert, cleanup }) => {
    assert.throws(() => upcast('image.painted', 1, {}), UnknownEventTypeError)
    assert.throws(() => upcast('album.deleted', 99, {}), UnknownEventTypeError)
    upcasters['album.deleted'] = { 0: (data) => ({ ...data, owner_id: 1 }) }
    cleanup(() => {
      delete upcasters['album.deleted']
    })
    assert.deepEqual(upcast('album.deleted', 0, { album_id: 1 }), { album_id: 1, owner_id: 1 })
  })
})
