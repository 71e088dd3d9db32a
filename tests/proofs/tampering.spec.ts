import { test } from '@japa/runner'
import fc from 'fast-check'
import { TamperedLog } from './tampered_log.ts'

const EVENTS = 31
const position = fc.integer({ min: 1, max: EVENTS })
const span = fc
  .tuple(position, position)
  .map(([one, other]) => ({ first: Math.min(one, other), last: Math.max(one, other) }))

/** One way to tamper with a log, and the position that must be named for it. */
interface Tampering {
  describe: string
  do(log: TamperedLog): Promise<unknown>
  named: number
}

const COLUMN_CHANGES = [
  `data = json_build_object('x', data)`,
  `data = (data::text || ' ')::json`,
  `metadata = (' ' || metadata::text)::json`,
  `metadata = json_build_object('actor', null)`,
  `type = type || 'x'`,
  `id = gen_random_uuid()`,
  `schema_version = schema_version + 1`,
  `recorded_at = recorded_at + interval '1 ms'`,
  `stream = stream || 'x'`,
  `version = version + 1000`,
  `hash = sha256(hash)`,
  `hash = ''`,
]

const changing: fc.Arbitrary<Tampering> = fc
  .tuple(position, fc.constantFrom(...COLUMN_CHANGES))
  .map(([at, change]) => ({
    describe: `${change} at ${at}`,
    do: (log) => log.client.query(`update log.events set ${change} where position = ${at}`),
    named: at,
  }))

const removing: fc.Arbitrary<Tampering> = fc
  .tuple(span, fc.boolean())
  .map(([{ first, last }, renumbering]) => ({
    describe: `remove ${first} to ${last}${renumbering ? ' and renumber' : ''}`,
    async do(log) {
      await log.client.query(`delete from log.events where position between ${first} and ${last}`)
      if (renumbering) {
        await log.renumber(last + 1, first - last - 1)
      }
    },
    named: first,
  }))

const inserting: fc.Arbitrary<Tampering> = fc
  .tuple(position, position, fc.integer({ min: 1, max: 3 }))
  .map(([at, source, count]) => ({
    describe: `insert ${count} like ${source} at ${at}`,
    async do(log) {
      await log.client.query(
        `create table kept.model as select * from log.events where position = ${source}`
      )
      await log.renumber(at, count)
      await log.client.query(`
        insert into log.events
        select ${at} + n, 'image-9' || n, 1, gen_random_uuid(), type, schema_version, data, metadata, recorded_at, hash
        from kept.model, generate_series(0, ${count - 1}) as n;
        drop table kept.model`)
    },
    named: at,
  }))

const swapping: fc.Arbitrary<Tampering> = span
  .filter(({ first, last }) => first < last)
  .map(({ first, last }) => ({
    describe: `swap ${first} and ${last}`,
    do: (log) =>
      log.client.query(`
        update log.events set position = -1 where position = ${first};
        update log.events set position = ${first} where position = ${last};
        update log.events set position = ${last} where position = -1`),
    named: first,
  }))

/** Whoever makes hashes that fit is found where he stopped. */
const rewriting: fc.Arbitrary<Tampering> = span.map(({ first, last }) => ({
  describe: `rewrite ${first} to ${last} with hashes that fit`,
  async do(log) {
    await log.client.query(
      `update log.events set data = (data::text || ' ')::json where position = ${first}`
    )
    await log.rehash(first, last)
  },
  named: Math.min(last + 1, EVENTS),
}))

test.group('Proofs | any tampering', () => {
  test('is found at the first event that it touched', async ({ assert, cleanup }) => {
    const log = await TamperedLog.create()
    cleanup(() => log.close())
    await fc.assert(
      fc
        .asyncProperty(
          fc.oneof(changing, removing, inserting, swapping, rewriting),
          fc.integer({ min: 1, max: EVENTS + 1 }),
          async (tampering, segmentEvents) => {
            await tampering.do(log)
            const { sound, faults } = await log.verify({ segmentEvents, threads: 1 })
            assert.isFalse(sound, tampering.describe)
            assert.equal(
              faults[0]?.position,
              tampering.named,
              `${tampering.describe}, in segments of ${segmentEvents}: ${JSON.stringify(faults)}`
            )
          }
        )
        .afterEach(() => log.restore()),
      { numRuns: 80 }
    )
  }).timeout(120_000)

  test('of claims and budgets is found at the event that settled them', async ({
    assert,
    cleanup,
  }) => {
    const log = await TamperedLog.create()
    cleanup(() => log.close())
    const { rows: claims } = await log.client.query<{ scope: string; value: string }>(
      'select scope, value from log.claims order by scope, value'
    )
    const { rows: budgets } = await log.client.query<{ scope: string }>(
      'select scope from log.budgets order by scope'
    )
    const change = fc.oneof(
      fc
        .constantFrom(...claims)
        .chain(({ scope, value }) =>
          fc
            .constantFrom('delete from log.claims', `update log.claims set stream = 'image-77'`)
            .map((statement) => ({ kind: 'claim', statement, scope, value }))
        ),
      fc.constantFrom(...budgets).chain(({ scope }) =>
        fc
          .oneof(
            fc
              .integer({ min: -9, max: 9 })
              .filter((delta) => delta !== 0)
              .map((delta) => `update log.budgets set used = used + ${delta}`)
          )
          .map((statement) => ({ kind: 'budget', statement, scope, value: null }))
      )
    )
    await fc.assert(
      fc
        .asyncProperty(change, async ({ kind, statement, scope, value }) => {
          await log.client.query(
            `${statement} where scope = $1 ${value === null ? '' : 'and value = $2'}`,
            value === null ? [scope] : [scope, value]
          )
          const { faults } = await log.verify()
          assert.equal(faults[0]?.kind, kind)
          assert.isAbove(faults[0]?.position ?? 0, 0)
        })
        .afterEach(() => log.restore()),
      { numRuns: 40 }
    )
  }).timeout(60_000)
})
