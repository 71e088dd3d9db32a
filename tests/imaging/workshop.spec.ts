import { test } from '@japa/runner'
import { ImagingBusyError, ImagingError } from '#imaging/errors'
import { Workshop } from '#imaging/workshop/workshop'
import { COSTLY_SVGS } from '#tests/fixtures/hostile_svgs'
import { SVG } from '#tests/fixtures/images'
import { costOf } from '#tests/helpers/cost'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

const BUDGET = { cpuSeconds: 20, bytes: 2 ** 30, seconds: 60 }

test.group('Imaging | workshop', (group) => {
  group.each.timeout(60_000)
  let folder: TemporaryFolder
  let workshop: Workshop

  group.each.setup(() => {
    folder = new TemporaryFolder()
    workshop = new Workshop({ processes: 1, waiting: 2 })
    return async () => {
      await workshop.close()
      folder.remove()
    }
  })

  const order = async (svg: string | Buffer, budget = BUDGET) => {
    const source = await folder.file(Buffer.from(svg))
    return workshop.run('cleanSvg', { source, target: `${source}.clean` }, budget)
  }
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: unknown) => (error instanceof ImagingError ? error.code : String(error))
    )
  const costly = () => COSTLY_SVGS['filters without end']?.() ?? ''

  test('what uses up its budget is ended: {$self}')
    .with(['cpuSeconds', 'bytes', 'seconds'] as const)
    .run(async ({ assert }, limit) => {
      const little = { cpuSeconds: 0.3, bytes: 2 ** 20, seconds: 0.3 }
      const budget = { ...BUDGET, [limit]: little[limit] }

      assert.equal(await codeOf(order(costly(), budget)), 'E_IMAGE_TOO_SLOW')
      assert.equal(await codeOf(order(SVG)), 'done')
    })

  test('what it costs, it costs another process', async ({ assert }) => {
    const { cpuSeconds } = await costOf(() =>
      codeOf(order(costly(), { ...BUDGET, cpuSeconds: 1.5 }))
    )

    assert.isBelow(cpuSeconds, 0.5)
  })

  test('only so many wait; the others are told when to come back', async ({ assert }) => {
    const held = { ...BUDGET, cpuSeconds: 1 }
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => order(costly(), held))
    )
    const errors = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? outcome.reason : null
    )

    assert.lengthOf(
      errors.filter((error) => error instanceof ImagingBusyError),
      2
    )
    assert.isTrue(
      errors.every((error) => !(error instanceof ImagingBusyError) || error.retryAfterSeconds > 0)
    )
    assert.equal(await codeOf(order(SVG)), 'done')
  })

  test('many in turn are all done', async ({ assert }) => {
    const patient = new Workshop({ processes: 2 })
    try {
      const source = await folder.file(SVG)
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          patient.run('cleanSvg', { source, target: `${source}.${index}` }, BUDGET)
        )
      )
      assert.isTrue(results.every(({ facts }) => facts.width === 120))
    } finally {
      await patient.close()
    }
  })

  test('a process without work ends by itself', async ({ assert }) => {
    const brief = new Workshop({ processes: 1, idleSeconds: 0.05 })
    const source = await folder.file(SVG)
    const first = await codeOf(brief.run('cleanSvg', { source, target: `${source}.1` }, BUDGET))
    const second = await codeOf(brief.run('cleanSvg', { source, target: `${source}.2` }, BUDGET))
    await brief.close()

    assert.deepEqual([first, second], ['done', 'done'])
  })

  test('a disk that cannot be written is not the file’s fault', async ({ assert }) => {
    const source = await folder.file(Buffer.from(`<!-- x -->${SVG.toString()}`))
    const work = workshop.run('cleanSvg', { source, target: folder.at('nowhere', 'file') }, BUDGET)

    await assert.rejects(() => work, /ENOENT/)
  })
})
