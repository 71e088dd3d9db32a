import { test } from '@japa/runner'
import sharp from 'sharp'
import { renderVariant, type RenderOptions, type VariantSource } from '#imaging/variant'
import { animatedGif, bmp, cameraJpeg, ico, picture, tiff } from '#tests/fixtures/images'

const SIZE = { width: 100, height: 60, fit: 'cover' } as const
const OPTIONS: RenderOptions = { size: SIZE, format: 'jpeg', quality: null, blur: null }

function sourceOf(file: Buffer, changes: Partial<VariantSource> = {}): VariantSource {
  return { file, extension: 'jpg', width: 320, height: 200, frames: 1, ...changes }
}

/** The colour in a corner or elsewhere, rounded so that a codec's losses do not show. */
async function colourAt(bytes: Buffer, left: number, top: number): Promise<number[]> {
  const pixel = await sharp(bytes)
    .extract({ left, top, width: 1, height: 1 })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer()
  return [...pixel]
}

test.group('A variant', (group) => {
  group.each.timeout(30_000)

  test('is made in each format: {$self}')
    .with(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)
    .run(async ({ assert }, format) => {
      const file = await cameraJpeg(1)
      const made = await renderVariant(sourceOf(file), { ...OPTIONS, format })
      const { width, height, format: actual } = await sharp(made.bytes).metadata()

      assert.equal(made.format, format)
      assert.deepEqual([width, height], [100, 60])
      assert.equal(actual, format === 'avif' ? 'heif' : format)
    })

  test('is upright, in sRGB, and says nothing of the camera', async ({ assert }) => {
    const file = await cameraJpeg(6)
    const { bytes } = await renderVariant(sourceOf(file, { width: 200, height: 320 }), {
      ...OPTIONS,
      size: { width: 100, height: 160, fit: 'fill' },
      quality: 95,
    })
    const { width, height, exif, icc, orientation, space } = await sharp(bytes).metadata()
    const upright = await sharp(file).autoOrient().resize(100, 160).png().toBuffer()

    assert.deepEqual([width, height, space], [100, 160, 'srgb'])
    assert.isUndefined(exif)
    assert.isUndefined(icc)
    assert.isUndefined(orientation)
    for (const [left, top] of [
      [10, 10],
      [90, 10],
      [10, 150],
    ] as const) {
      const [made, wanted] = [await colourAt(bytes, left, top), await colourAt(upright, left, top)]
      made.forEach((value, index) => assert.closeTo(value, wanted[index] ?? Number.NaN, 30))
    }
  })

  test('has white where a JPEG cannot be transparent', async ({ assert }) => {
    const clear = { r: 0, g: 0, b: 0, alpha: 0 }
    const file = await sharp({
      create: { width: 320, height: 200, channels: 4, background: clear },
    })
      .png()
      .toBuffer()
    const { bytes } = await renderVariant(sourceOf(file, { extension: 'png' }), OPTIONS)

    assert.deepEqual(await colourAt(bytes, 50, 30), [255, 255, 255])
  })

  test('is padded to its box', async ({ assert }) => {
    const file = await picture().png().toBuffer()
    const { bytes } = await renderVariant(sourceOf(file, { extension: 'png' }), {
      ...OPTIONS,
      size: { width: 100, height: 100, fit: 'contain' },
      format: 'png',
    })
    const [, , , alpha] = await sharp(bytes)
      .extract({ left: 50, top: 2, width: 1, height: 1 })
      .raw()
      .toBuffer()

    assert.equal(alpha, 0)
  })

  test('where no format is asked for is PNG with transparency, else JPEG', async ({ assert }) => {
    const plain = { ...OPTIONS, format: 'plain' } as const
    const still = await renderVariant(sourceOf(await tiff(), { extension: 'tif' }), plain)
    const icon = await renderVariant(
      sourceOf(await ico(), { extension: 'ico', width: 32, height: 32 }),
      { ...plain, size: { width: 16, height: 16, fit: 'fill' } }
    )
    const bitmap = await renderVariant(
      sourceOf(await bmp(), { extension: 'bmp', width: 50, height: 30 }),
      plain
    )

    assert.deepEqual([still.format, bitmap.format], ['jpeg', 'jpeg'])
    assert.include(['png', 'jpeg'], icon.format)
  })

  test('of an animated WebP goes on moving', async ({ assert }) => {
    const file = await sharp(await animatedGif(3), { animated: true })
      .webp()
      .toBuffer()
    const source = sourceOf(file, { extension: 'webp', width: 60, height: 40, frames: 3 })
    const size = { width: 30, height: 20, fit: 'fill' } as const
    const pages = async (format: 'webp' | 'jpeg') => {
      const { bytes } = await renderVariant(source, { ...OPTIONS, size, format })
      const { pages: count, pageHeight, height } = await sharp(bytes).metadata()
      return [count ?? 1, pageHeight ?? height]
    }

    assert.deepEqual(await pages('webp'), [3, 20])
    assert.deepEqual(await pages('jpeg'), [1, 20])
  })

  test('of a damaged image, or of too many pixels, is refused', async ({ assert }) => {
    const damaged = Buffer.from('not at all a picture')
    await assert.rejects(() => renderVariant(sourceOf(damaged), OPTIONS), /cannot be decoded/)
    const huge = sourceOf(damaged, { extension: 'webp', width: 9_000, height: 9_000 })
    await assert.rejects(() => renderVariant(huge, OPTIONS), /too many pixels/)
  })
})
