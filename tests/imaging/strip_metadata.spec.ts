import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { test } from '@japa/runner'
import fc from 'fast-check'
import sharp from 'sharp'
import { ImagingError } from '#imaging/errors'
import { stripMetadata } from '#imaging/strip_metadata'
import * as images from '#tests/fixtures/images'
import { inspectFile } from '#tests/helpers/inspect_file'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

/** Notes that cannot be cut out are emptied. */
function holdsMoreThanZeros(notes: Buffer | undefined): boolean {
  return notes !== undefined && notes.some((byte) => byte !== 0)
}

/** An EXIF block that says nothing but the orientation has 32 bytes at most. */
function holdsMoreThanOrientation(exif: Buffer | undefined): boolean {
  return exif !== undefined && exif.length > 60 && holdsMoreThanZeros(exif)
}

test.group('Imaging | strip metadata', (group) => {
  let folder: TemporaryFolder

  group.each.setup(() => {
    folder = new TemporaryFolder()
    return () => folder.remove()
  })

  const strip = async (bytes: Buffer) => {
    const source = await folder.file(bytes)
    const target = `${source}.stripped`
    const written = await stripMetadata(source, target, await inspectFile(source))
    return { written, bytes: existsSync(target) ? await readFile(target) : null }
  }
  const pixels = (bytes: Buffer) => sharp(bytes).raw().toBuffer()

  test('{name} keeps its pixels, orientation and colours, and loses the rest')
    .with([
      { name: 'a JPEG', make: () => images.cameraJpeg(6), orientation: 6 },
      { name: 'an upright JPEG', make: () => images.cameraJpeg(1), orientation: 1 },
      { name: 'a JPEG full of notes', make: () => images.annotatedJpeg(), orientation: 6 },
      { name: 'a PNG', make: () => images.cameraPng(), orientation: 1 },
      { name: 'a PNG full of notes', make: () => images.annotatedPng(), orientation: 1 },
      { name: 'a WebP', make: () => images.cameraWebp(6), orientation: 6 },
      { name: 'a WebP full of notes', make: () => images.annotatedWebp(), orientation: 6 },
      { name: 'a GIF', make: () => images.annotatedGif(), orientation: 1 },
      { name: 'a TIFF', make: () => images.annotatedTiff(), orientation: 6 },
      { name: 'an AVIF', make: () => images.annotatedAvif(), orientation: 1 },
    ])
    .run(async ({ assert }, { make, orientation }) => {
      const original = await make()
      const { written, bytes } = await strip(original)
      assert.isNotNull(bytes)
      const stripped = bytes ?? original
      assert.isTrue((await pixels(original)).equals(await pixels(stripped)))
      const before = await sharp(original).metadata()
      const after = await sharp(stripped).metadata()
      assert.equal(after.orientation ?? 1, orientation)
      assert.deepEqual(after.icc, before.icc)
      assert.deepEqual(
        [after.pages, after.loop, after.delay],
        [before.pages, before.loop, before.delay]
      )
      assert.isTrue(original.includes('PicFast Optics'))
      for (const note of ['PicFast Optics', '2026:05:04', 'xmpmeta', 'Photoshop', 'MPF', 'JFXX']) {
        assert.isFalse(stripped.includes(note), note)
      }
      assert.isFalse(holdsMoreThanZeros(after.xmp))
      assert.isUndefined(after.iptc)
      assert.isFalse(holdsMoreThanOrientation(after.exif))
      assert.deepEqual(written, {
        size: stripped.length,
        sha256: createHash('sha256').update(stripped).digest('hex'),
        md5: createHash('md5').update(stripped).digest('hex'),
        sha1: createHash('sha1').update(stripped).digest('hex'),
      })
      const again = await strip(stripped)
      assert.isTrue(again.written === null || (again.bytes ?? stripped).equals(stripped))
    })

  test('what follows the end of the image goes', async ({ assert }) => {
    const makers = [images.cameraJpeg, images.plainPng, images.cameraWebp, images.animatedGif]
    for (const make of [...makers, images.avif]) {
      const clean = (await strip(await make())).bytes ?? (await make())
      const { bytes } = await strip(Buffer.concat([clean, Buffer.from('PK\u0003\u0004<script>')]))
      assert.isTrue(bytes?.equals(clean))
    }
  })

  test('an image without metadata, or of another format, is left as it is', async ({ assert }) => {
    assert.isNull((await strip(await images.plainPng())).written)
    assert.isNull((await strip(await images.animatedGif())).written)
    assert.isNull((await strip(await images.avif())).written)
    assert.isNull((await strip(await images.bmp())).written)
  })

  test('a progressive JPEG keeps its pixels through all its scans', async ({ assert }) => {
    const progressive = await images
      .picture(500, 400)
      .withExif(images.CAMERA_EXIF)
      .jpeg({ progressive: true, optimiseScans: true })
      .toBuffer()
    const { bytes } = await strip(progressive)
    assert.isTrue((await pixels(progressive)).equals(await pixels(bytes ?? progressive)))
    assert.isFalse(bytes?.includes('PicFast Optics'))
  })

  test('damaged files are refused or pass, and never break the process', async ({ assert }) => {
    const originals = await Promise.all([
      images.cameraJpeg(),
      images.cameraPng(),
      images.cameraWebp(),
      images.annotatedGif(),
      images.annotatedTiff(),
      images.annotatedAvif(),
    ])
    const extensions = ['jpg', 'png', 'webp', 'gif', 'tif', 'avif'] as const
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 })), {
          maxLength: 5,
        }),
        async (index, share, changes) => {
          const original = originals[index] ?? Buffer.alloc(0)
          const bytes = Buffer.from(original.subarray(0, Math.ceil(original.length * share)))
          for (const [at, value] of changes) {
            bytes[Math.floor(at * bytes.length)] = value
          }
          const source = await folder.file(bytes)
          try {
            await stripMetadata(source, `${source}.stripped`, {
              extension: extensions[index] ?? 'jpg',
              orientation: 6,
            })
          } catch (error) {
            assert.instanceOf(error, ImagingError)
          }
        }
      ),
      { numRuns: 600 }
    )
  }).timeout(30_000)
})
