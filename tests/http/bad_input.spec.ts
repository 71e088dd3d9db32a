import { test } from '@japa/runner'
import { plainPng } from '#tests/fixtures/images'
import { OpenapiChecker } from '#tests/helpers/openapi'
import {
  operationsOf,
  record,
  type BodySpec,
  type OperationSpec,
} from '#tests/helpers/openapi_operations'
import { textCandidates } from './bad_input/bad_values.ts'
import {
  badBodies,
  deepBodies,
  incompleteBodies,
  NO_OBJECTS,
  oddBodies,
} from './bad_input/fields.ts'
import { formOf, oddForms } from './bad_input/forms.ts'
import { Prober } from './bad_input/prober.ts'
import { Stage } from './bad_input/stage.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

const OTHER_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/xml',
  'multipart/form-data; boundary=x',
  'nonsense',
]

const operations = async () => operationsOf((await OpenapiChecker.load()).document)

/** Operations whose body is of this type, and has fields: what another protocol has within JSON is its own. */
async function taking(type: string): Promise<Array<OperationSpec & { body: BodySpec }>> {
  return (await operations()).flatMap((operation) => {
    const { body } = operation
    return body?.type === type && 'properties' in body.schema ? [{ ...operation, body }] : []
  })
}

test.group('Bad input to the form of', (group) => {
  group.each.timeout(60_000)
  let stage: Stage

  group.setup(async () => {
    stage = await Stage.open()
    return () => stage.server.stop()
  })

  test('{name}')
    .with(() => taking('multipart/form-data'))
    .run(async ({ assert }, operation) => {
      const prober = await Prober.open(stage, operation)
      const file = await plainPng(25, 25)
      const { schema, example } = operation.body
      const good = await prober.send('the example', { body: formOf(schema, example, file) })
      for (const [field, fieldSchema] of Object.entries(record(schema['properties']))) {
        for (const { what, value, isRefused } of textCandidates(record(fieldSchema))) {
          const body = formOf(schema, example, file, { [field]: value })
          const answer = await prober.send(`${what} as ${field}`, { body })
          if (isRefused) {
            prober.expectRefusal(`${what} as ${field}`, field, answer, good)
          }
        }
      }
      for (const { what, statuses, ...request } of oddForms(operation.body, file)) {
        prober.expectStatus(what, await prober.send(what, request), ...statuses)
      }
      assert.deepEqual(prober.problems, [])
    })
})

test.group('Bad input to', (group) => {
  group.each.timeout(60_000)
  let stage: Stage

  group.setup(async () => {
    stage = await Stage.open()
    return () => stage.server.stop()
  })

  test('the fields of {name}')
    .with(() => taking('application/json'))
    .run(async ({ assert }, operation) => {
      const { body } = operation
      const prober = await Prober.open(stage, operation)
      const good = await prober.send('the example', { json: body.example })
      for (const { what, field, text, isRefused } of [
        ...badBodies(body),
        ...incompleteBodies(body),
      ]) {
        const said = `${what} as ${field}`
        const answer = await prober.send(said, { body: text, headers: JSON_TYPE })
        if (isRefused) {
          prober.expectRefusal(said, field, answer, good)
        }
      }
      assert.deepEqual(prober.problems, [])
    })

  test('the body of {name}')
    .with(() => taking('application/json'))
    .run(async ({ assert }, operation) => {
      const { body } = operation
      const prober = await Prober.open(stage, operation)
      const good = await prober.send('the example', { json: body.example })
      for (const { what, text, isIgnored } of oddBodies(body)) {
        const answer = await prober.send(what, { body: text, headers: JSON_TYPE })
        if (isIgnored && answer?.status === 400 && good?.status !== 400) {
          prober.problems.push(`${what} were not ignored: ${answer.bytes.toString()}`)
        }
      }
      for (const { what, text } of [...deepBodies(body), ...NO_OBJECTS]) {
        const answer = await prober.send(what, { body: text, headers: JSON_TYPE })
        prober.expectStatus(what, answer, 400)
      }
      for (const type of OTHER_TYPES) {
        const sent = { body: JSON.stringify(body.example), headers: { 'content-type': type } }
        prober.expectStatus(type, await prober.send(type, sent), 400)
      }
      assert.deepEqual(prober.problems, [])
    })

  test('the query of {name}')
    .with(async () =>
      (await operations()).filter(({ parameters }) => parameters.some((one) => one.in === 'query'))
    )
    .run(async ({ assert }, operation) => {
      const prober = await Prober.open(stage, operation)
      const good = await prober.send('nothing', {})
      for (const { name, schema } of operation.parameters.filter((one) => one.in === 'query')) {
        for (const { what, value, isRefused } of textCandidates(schema)) {
          const query = `${name}=${encodeURIComponent(value)}`
          const answer = await prober.send(`${what} as ${name}`, { query })
          if (isRefused) {
            prober.expectRefusal(`${what} as ${name}`, name, answer, good)
          }
        }
        for (const query of [`${name}=1&${name}=1`, `${name}[]=1`, `${name}[a][b]=1`]) {
          const answer = await prober.send(query, { query })
          // A file is a file, whatever is said about it.
          if (operation.template.startsWith('/api/')) {
            prober.expectRefusal(query, name, answer, good)
          }
        }
        for (const junk of ['=%', '=%ff', '=%00', '', '[__proto__][a]=1', '=1;--', '=1#x']) {
          await prober.send(name + junk, { query: name + junk })
        }
      }
      assert.deepEqual(prober.problems, [])
    })
})

test.group('Bad input in', (group) => {
  group.each.timeout(60_000)
  let stage: Stage

  group.setup(async () => {
    stage = await Stage.open()
    return () => stage.server.stop()
  })

  test('a body that {name} does not take')
    .with(async () =>
      (await operations()).filter(({ body, method }) => body === null && method !== 'GET')
    )
    .run(async ({ assert }, operation) => {
      const prober = await Prober.open(stage, operation, { unknown: true })
      const texts = [...NO_OBJECTS.map(({ text }) => text), `{"a":"${'x'.repeat(300_000)}"}`]
      for (const text of texts) {
        await prober.send(text.slice(0, 20), { body: text, headers: JSON_TYPE })
        await prober.send(text.slice(0, 20), { body: text, headers: { 'content-type': 'a/b' } })
      }
      assert.deepEqual(prober.problems, [])
    })

  test('the headers of {name}')
    .with(operations)
    .run(async ({ assert }, operation) => {
      const prober = await Prober.open(stage, operation)
      const declared = operation.parameters.filter((one) => one.in === 'header')
      const usual = ['Accept', 'Accept-Language', 'Range', 'If-None-Match', 'If-Modified-Since']
      const names = [...declared.map(({ name }) => name), ...usual, 'X-Forwarded-For', 'Origin']
      const junk = ['', ' ', ',;=', '"', 'bytes=9-1,x', '\u00ff\u00fe', 'x'.repeat(6_000), '-1']
      for (const name of names) {
        for (const value of junk) {
          const said = `${name}: ${value.slice(0, 20)}`
          await prober.send(said, { headers: { [name]: value } })
        }
      }
      assert.deepEqual(prober.problems, [])
    })
})
