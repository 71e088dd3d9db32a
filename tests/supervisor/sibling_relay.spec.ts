import { test } from '@japa/runner'
import { SiblingRelay } from '#supervisor/sibling_relay'
import type { SiblingMessage } from '#supervisor/sibling_messages'
import { defaultWebProcesses } from '#supervisor/web_processes'
import { Siblings } from '#start/siblings'
import { waitFor } from '#tests/helpers/wait_for'

/** Processes that a relay connects, each with its end of a channel. */
function connected(names: readonly string[], patience?: number) {
  const listeners = new Map<string, (message: unknown) => void>()
  const relay = new SiblingRelay((to, message) => listeners.get(to)?.(message), patience)
  const siblings = names.map((name) => {
    const process = new Siblings({
      send: (message: SiblingMessage) => relay.heard(name, structuredClone(message)),
      on: (_event, listener) => listeners.set(name, listener),
    })
    process.answer('name', (greeting) => `${String(greeting)}, ${name}`)
    return process
  })
  return { relay, siblings }
}

test.group('Supervisor | processes of one role', () => {
  test('whoever asks is answered by all others that are there', async ({ assert }) => {
    const [a, b, c, late] = connected(['a', 'b', 'c', 'late']).siblings
    for (const process of [a, b, c]) {
      process?.join()
    }
    assert.deepEqual(await a?.ask('name', 'hello'), ['hello, b', 'hello, c'])
    assert.deepEqual(await b?.ask('name', 'good day'), ['good day, a', 'good day, c'])
    late?.join()
    assert.lengthOf((await c?.ask('name')) ?? [], 3)
    assert.deepEqual(await a?.ask('what nobody knows'), [null, null, null])
  })

  test('alone there is nobody to wait for', async ({ assert }) => {
    const [a] = connected(['a']).siblings
    a?.join()
    assert.deepEqual(await a?.ask('name'), [])
    assert.deepEqual(await new Siblings(null).ask('name'), [])
  })

  test('one that dies is not waited for, one that hangs not for long', async ({ assert }) => {
    const { relay, siblings } = connected(['a', 'b', 'c'], 50)
    const [a, b, c] = siblings
    siblings.forEach((process) => process.join())
    b?.answer('name', () => new Promise(() => {}))
    c?.answer('name', () => 'c')
    assert.deepEqual(await a?.ask('name'), ['c'])

    const patient = connected(['a', 'b'])
    const [asking, dying] = patient.siblings
    patient.siblings.forEach((process) => process.join())
    let asked = false
    dying?.answer('name', () => {
      asked = true
      return new Promise(() => {})
    })
    const answers = asking?.ask('name')
    await waitFor(() => asked, { what: 'the question to arrive' })
    patient.relay.lost('b')
    assert.deepEqual(await answers, [])
    relay.lost('b')
    assert.deepEqual(await a?.ask('name'), ['c'])
  })

  test('what is no message between them is not minded', async ({ assert }) => {
    const { relay, siblings } = connected(['a', 'b'])
    siblings.forEach((process) => process.join())
    for (const said of [null, 'ready', { isAdonisJS: true }, { sibling: 'unheard of' }]) {
      relay.heard('a', said)
    }
    relay.heard('a', { sibling: 'answer', id: 99, answer: 1 })
    assert.deepEqual(await siblings[0]?.ask('name', 'hello'), ['hello, b'])
  })

  test('a core is left for PostgreSQL and the rest', ({ assert }) => {
    assert.deepEqual([1, 2, 3, 4, 8, 64].map(defaultWebProcesses), [1, 1, 2, 3, 4, 4])
  })
})
