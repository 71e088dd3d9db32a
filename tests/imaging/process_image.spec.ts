import { readFile } from 'node:fs/promises'
import { test } from '@japa/runner'
import sharp from 'sharp'
import { planProcessing, type ProcessingWishes } from '#imaging/processing/plan'
import type { Watermark } from '#imaging/processing/place_watermark'
import { Workshop } from '#imaging/workshop/workshop'
import * as images from '#tests/fixtures/images'
import { inspectFile } from '#tests/helpers/inspect_file'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

const BUDGET = { cpuSeconds: 30, bytes: 2 ** 30, seconds: 60 }
const NOTHING: ProcessingWishes = { format: 'origin', quality: null, hasWatermark: false }

test.group('Imaging | process', (group) => {
  group.each.timeout(60_000)
  let folder: TemporaryFolder
  let workshop: Workshop

  group.setup(() => {
    workshop = new Workshop({ processes: 1 })
    return () => workshop.close()
  })
  group.each.setup(() => {
    folder = new TemporaryFolder()
    return () => folder.remove()
  })

  const process = async (
    bytes: Buffer,
    wishes: Partial<ProcessingWishes>,
    { watermark = null, strips = true }: { watermark?: Watermark | null; strips?: boolean } = {}
  ) => {
    const source = await folder.file(bytes)
    const facts = await inspectFile(source)
    const plan = planProcessing(facts, {
      ...NOTHING,
      ...wishes,
      hasWatermark: watermark !== null,
    })
    const target = `${source}.made`
    const task = plan && { source, target, facts, plan, watermark, strips }
    const made = task && (await workshop.run('processImage', task, BUDGET))
    return made && { ...made, bytes: await readFile(target) }
  }
  /** A red bar as a watermark. */
  const bar = async (width: number, position: Watermark['position']): Promise<Watermark> => {
    const png = await sharp({
      create: { width, height: 10, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 1 } },
    })
      .png()
      .toBuffer()
    return { png: new Uint8Array(png), position }
  }
  const difference = async (one: Buffer, other: Buffer) => {
    const [a, b] = await Promise.all(
      [one, other].map((bytes) =>
        sharp(bytes).autoOrient().toColourspace('srgb').removeAlpha().raw().toBuffer()
      )
    )
    const sum = a?.reduce((total, value, index) => total + Math.abs(value - (b?.[index] ?? 0)), 0)
    return (sum ?? 0) / (a?.length ?? 1)
  }

  test('{name} becomes {format}: upright, the same picture, without metadata')
    .with([
      { name: 'a camera JPEG', make: () => images.cameraJpeg(6), format: 'png' },
      { name: 'a camera JPEG', make: () => images.cameraJpeg(6), format: 'webp' },
      { name: 'a camera JPEG', make: () => images.cameraJpeg(6), format: 'avif' },
      { name: 'a WebP', make: () => images.cameraWebp(6), format: 'jpeg' },
      { name: 'a PNG', make: () => images.cameraPng(), format: 'jpeg' },
      { name: 'a TIFF', make: () => images.annotatedTiff(), format: 'webp' },
      { name: 'an AVIF', make: () => images.avif(), format: 'png' },
      { name: 'a bitmap', make: () => images.bmp(), format: 'png' },
    ] as const)
    .run(async ({ assert }, { make, format }) => {
      const original = await make()
      const made = await process(original, { format })
      const bytes = made?.bytes ?? original
      const metadata = await sharp(bytes).metadata()
      const shown = await sharp(original, { failOn: 'none' })
        .metadata()
        .catch(() => null)

      assert.equal(metadata.format, format === 'avif' ? 'heif' : format)
      assert.containSubset(made?.facts, { width: metadata.width, height: metadata.height })
      assert.equal(made?.written.size, bytes.length)
      assert.equal(metadata.orientation ?? 1, 1)
      assert.isUndefined(metadata.exif)
      if (shown !== null) {
        assert.equal(metadata.width, shown.autoOrient.width)
        assert.equal(metadata.icc === undefined, shown.icc === undefined)
        assert.isBelow(await difference(original, bytes), format === 'png' ? 2 : 16)
      }
    })

  test('with metadata that is to stay it stays', async ({ assert }) => {
    const made = await process(await images.cameraJpeg(6), { format: 'webp' }, { strips: false })

    assert.include(made?.bytes.toString('latin1'), 'PicFast Optics')
    assert.equal((await sharp(made?.bytes).metadata()).orientation ?? 1, 1)
  })

  test('quality makes it smaller, or is not wanted', async ({ assert }) => {
    const jpeg = await images.picture(600, 400).jpeg({ quality: 95 }).toBuffer()
    const low = await process(jpeg, { quality: 30 })

    assert.isBelow(low?.bytes.length ?? jpeg.length, jpeg.length / 2)
    assert.isNull(await process(low?.bytes ?? jpeg, { quality: 99 }))
    assert.isNull(await process(jpeg, { quality: 100 }))
    assert.isNull(await process(await images.plainPng(), { quality: 30 }))
  })

  test('nothing asked, nothing done; drawings, icons and films are left alone', ({ assert }) => {
    const all = { format: 'jpeg', quality: 50, hasWatermark: true } as const

    assert.isNull(planProcessing({ extension: 'jpg', frames: 1 }, NOTHING))
    assert.isNull(planProcessing({ extension: 'jpg', frames: 1 }, { ...NOTHING, format: 'jpeg' }))
    assert.isNull(planProcessing({ extension: 'svg', frames: 1 }, all))
    assert.isNull(planProcessing({ extension: 'ico', frames: 1 }, all))
    assert.isNull(planProcessing({ extension: 'avif', frames: 5 }, all))
    assert.isNull(planProcessing({ extension: 'bmp', frames: 1 }, { ...all, format: 'origin' }))
    assert.equal(planProcessing({ extension: 'gif', frames: 5 }, all)?.format, 'gif')
    const toWebp = { ...NOTHING, format: 'webp' } as const
    assert.equal(planProcessing({ extension: 'gif', frames: 5 }, toWebp)?.format, 'webp')
  })

  test('a watermark lies {position}, and nowhere else')
    .with([
      { position: 'top-left', box: [4, 4] },
      { position: 'top-right', box: [156, 4] },
      { position: 'center', box: [80, 45] },
      { position: 'bottom-left', box: [4, 86] },
      { position: 'bottom-right', box: [156, 86] },
    ] as const)
    .run(async ({ assert }, { position, box: [left, top] }) => {
      const plain = await images.picture(200, 100).png().toBuffer()
      const made = await process(plain, {}, { watermark: await bar(40, position) })
      const [before, after] = await Promise.all(
        [plain, made?.bytes].map((bytes) => sharp(bytes).removeAlpha().raw().toBuffer())
      )
      let marked = 0
      for (let pixel = 0; pixel < 200 * 100; pixel++) {
        const isSame = before
          ?.subarray(pixel * 3, pixel * 3 + 3)
          .equals(after?.subarray(pixel * 3, pixel * 3 + 3) ?? Buffer.alloc(0))
        const [x, y] = [pixel % 200, Math.floor(pixel / 200)]
        const isWithin = Math.abs(x - left - 20) <= 24 && Math.abs(y - top - 5) <= 9
        marked += isSame ? 0 : 1
        assert.isTrue(isSame === true || isWithin, `${x} × ${y}`)
      }
      assert.closeTo(marked, 400, 20)
    })

  test('one larger than the picture is made smaller', async ({ assert }) => {
    const made = await process(
      await images.plainPng(64, 48),
      {},
      { watermark: await bar(900, 'center') }
    )

    assert.containSubset(made?.facts, { width: 64, height: 48 })
  })

  test('it is on each frame of an animation, as GIF and as WebP', async ({ assert }) => {
    for (const format of ['origin', 'webp'] as const) {
      const watermark = await bar(30, 'bottom-right')
      const made = await process(await images.animatedGif(4), { format }, { watermark })
      const { pages = 1, delay } = await sharp(made?.bytes).metadata()

      assert.equal(pages, 4)
      assert.lengthOf(delay ?? [], 4)
      assert.containSubset(made?.facts, { frames: 4, width: 60, height: 40 })
      for (let page = 0; page < pages; page++) {
        const frame = await sharp(made?.bytes, { page }).removeAlpha().raw().toBuffer()
        const [red = 0, green = 255] = frame.subarray((33 * 60 + 45) * 3)
        assert.isTrue(red > 200 && green < 60, `frame ${page} as ${format}: ${red} ${green}`)
      }
    }
  })
})
