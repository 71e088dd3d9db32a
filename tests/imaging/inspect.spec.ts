import { test } from '@japa/runner'
import { ImagingError } from '#imaging/errors'
import * as images from '#tests/fixtures/images'
import { inspectFile } from '#tests/helpers/inspect_file'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

test.group('Imaging | inspect', (group) => {
  let folder: TemporaryFolder

  group.each.setup(() => {
    folder = new TemporaryFolder()
    return () => folder.remove()
  })

  const codeOf = async (bytes: Buffer) => {
    try {
      await inspectFile(await folder.file(bytes))
      return 'accepted'
    } catch (error) {
      if (error instanceof ImagingError) {
        return error.code
      }
      throw error
    }
  }

  test('{name} is known by its bytes')
    .with([
      {
        name: 'a camera JPEG',
        make: () => images.cameraJpeg(),
        extension: 'jpg',
        width: 200,
        height: 320,
        frames: 1,
      },
      {
        name: 'a PNG',
        make: () => images.plainPng(),
        extension: 'png',
        width: 64,
        height: 48,
        frames: 1,
      },
      {
        name: 'a WebP',
        make: () => images.cameraWebp(1),
        extension: 'webp',
        width: 320,
        height: 200,
        frames: 1,
      },
      {
        name: 'an AVIF',
        make: () => images.avif(),
        extension: 'avif',
        width: 320,
        height: 200,
        frames: 1,
      },
      {
        name: 'a TIFF',
        make: () => images.tiff(),
        extension: 'tif',
        width: 320,
        height: 200,
        frames: 1,
      },
      {
        name: 'an animated GIF',
        make: () => images.animatedGif(3),
        extension: 'gif',
        width: 60,
        height: 40,
        frames: 3,
      },
      {
        name: 'a BMP',
        make: () => images.bmp(),
        extension: 'bmp',
        width: 50,
        height: 30,
        frames: 1,
      },
      {
        name: 'an icon',
        make: () => images.ico(),
        extension: 'ico',
        width: 32,
        height: 32,
        frames: 1,
      },
    ])
    .run(async ({ assert }, { make, extension, width, height, frames }) => {
      const facts = await inspectFile(await folder.file(await make()))
      assert.containSubset(facts, { extension, width, height, frames })
    })

  test('what is no image is refused', async ({ assert }) => {
    assert.equal(
      await codeOf(Buffer.from('<html><script>alert(1)</script></html>')),
      'E_NOT_AN_IMAGE'
    )
    assert.equal(await codeOf(Buffer.from('%PDF-1.7 not an image')), 'E_NOT_AN_IMAGE')
    assert.equal(await codeOf(Buffer.from('x')), 'E_NOT_AN_IMAGE')
    assert.equal(await codeOf(Buffer.alloc(10_000)), 'E_NOT_AN_IMAGE')
  })

  test('a header without an image behind it is refused', async ({ assert }) => {
    const png = await images.plainPng()
    assert.equal(await codeOf(png.subarray(0, 20)), 'E_IMAGE_CORRUPT')
    const jpeg = await images.cameraJpeg()
    assert.equal(await codeOf(jpeg.subarray(0, 10)), 'E_IMAGE_CORRUPT')
  })

  test('a small file that claims 2.5 thousand million pixels is refused from its header', async ({
    assert,
  }) => {
    assert.equal(await codeOf(images.pngBomb(50_000, 50_000)), 'E_IMAGE_TOO_LARGE')
  })
})
