import { test } from '@japa/runner'
import sharp from 'sharp'
import { makeThumbnail } from '#imaging/thumbnail'
import * as images from '#tests/fixtures/images'

test.group('Imaging | thumbnail', () => {
  test('the longest side of {name} is {width} × {height}')
    .with([
      {
        name: 'a large image',
        make: () => images.picture(1600, 1000).png().toBuffer(),
        width: 400,
        height: 250,
      },
      {
        name: 'a tall image',
        make: () => images.picture(300, 1200).jpeg().toBuffer(),
        width: 100,
        height: 400,
      },
      { name: 'a small image', make: () => images.plainPng(64, 48), width: 64, height: 48 },
      { name: 'a camera photograph', make: () => images.cameraJpeg(6), width: 200, height: 320 },
      { name: 'an animation', make: () => images.animatedGif(), width: 60, height: 40 },
      { name: 'an SVG', make: async () => images.SVG, width: 120, height: 80 },
      { name: 'a bitmap', make: () => images.bmp(), width: 50, height: 30 },
      { name: 'an icon', make: () => images.ico(), width: 32, height: 32 },
      { name: 'an AVIF', make: () => images.avif(), width: 320, height: 200 },
      { name: 'a TIFF', make: () => images.tiff(), width: 320, height: 200 },
    ])
    .run(async ({ assert }, { make, width, height }) => {
      const thumbnail = await makeThumbnail(await make())
      assert.containSubset(thumbnail, { width, height, mimetype: 'image/webp' })
      const metadata = await sharp(thumbnail.bytes).metadata()
      assert.containSubset(metadata, { format: 'webp', width, height })
      assert.equal(metadata.pages ?? 1, 1)
      assert.isUndefined(metadata.exif)
    })

  test('orientation is applied: the corner that is shown at the top left is there', async ({
    assert,
  }) => {
    const { bytes } = await makeThumbnail(await images.cameraJpeg(6))
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
    // Turned by 90°, the left edge of the stored pixels (dark red channel) lies at the top.
    const redAt = (x: number, y: number) => data[(y * info.width + x) * info.channels] ?? 0
    assert.isBelow(redAt(100, 5), 60)
    assert.isAbove(redAt(100, 315), 190)
  })

  test('a bitmap has the colours of its pixels', async ({ assert }) => {
    const [fromBitmap, fromPng] = await Promise.all([
      makeThumbnail(await images.bmp(50, 30)),
      makeThumbnail(await images.plainPng(50, 30)),
    ])
    assert.isTrue(fromBitmap.bytes.equals(fromPng.bytes))
  })

  test('the same bytes give the same thumbnail', async ({ assert }) => {
    const original = await images.cameraJpeg()
    const [first, second] = await Promise.all([makeThumbnail(original), makeThumbnail(original)])
    assert.isTrue(first.bytes.equals(second.bytes))
  })

  test('a bomb and a wreck are refused', async ({ assert }) => {
    await assert.rejects(() => makeThumbnail(images.pngBomb(50_000, 50_000)))
    await assert.rejects(() => makeThumbnail(Buffer.from('not an image')))
  })
})
