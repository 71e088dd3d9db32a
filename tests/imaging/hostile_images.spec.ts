import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from '@japa/runner'
import * as hostile from '#tests/fixtures/hostile_images'
import * as images from '#tests/fixtures/images'
import { intake } from '#tests/helpers/intake'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

const MEGABYTE = 1024 * 1024
const MOST_CPU_SECONDS = 1
const MOST_EXTRA_BYTES = 200 * MEGABYTE

interface Cost {
  outcome: string
  cpuSeconds: number
  extraBytes: number
}

test.group('Imaging | hostile images', (group) => {
  group.each.timeout(30_000)
  let folder: TemporaryFolder

  group.each.setup(() => {
    folder = new TemporaryFolder()
    return () => folder.remove()
  })

  /** What becomes of an upload in a process of its own: what this one holds would cost as well, collecting garbage. */
  const costOfIntake = async (source: string): Promise<Cost> => {
    const program = fileURLToPath(new URL('intake_process.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [program, source])
    return JSON.parse(stdout)
  }

  const LARGE = 'E_IMAGE_TOO_LARGE'
  const CORRUPT = 'E_IMAGE_CORRUPT'

  test('{name}: it costs little, and the answer is {outcome}')
    .with([
      {
        name: 'a PNG of 50,000 × 50,000',
        make: () => images.pngBomb(50_000, 50_000),
        outcome: LARGE,
      },
      {
        name: 'a PNG of 1 × 99,000,000',
        make: () => images.pngBomb(1, 99_000_000),
        outcome: LARGE,
      },
      {
        name: 'a PNG of 4 million chunks',
        make: () => hostile.pngOfChunks(4_000_000),
        outcome: LARGE,
      },
      {
        name: 'a PNG with 200 MB of text',
        make: () => hostile.pngOfInflation(200),
        outcome: 'taken',
      },
      { name: 'a GIF of 10,000 frames', make: () => hostile.gifOfFrames(10_000), outcome: LARGE },
      {
        name: 'a GIF in crumbs of a byte',
        make: () => hostile.gifOfCrumbs(40 * MEGABYTE),
        outcome: 'taken',
      },
      {
        name: 'a WebP of 10,000 frames',
        make: () => hostile.webpOfFrames(10_000, 16),
        outcome: LARGE,
      },
      {
        name: 'a WebP of 100 frames on a huge canvas',
        make: () => hostile.webpOfFrames(100, 9_000),
        outcome: LARGE,
      },
      {
        name: 'a TIFF of a million directories',
        make: () => hostile.tiffOfDirectories(1_000_000),
        outcome: LARGE,
      },
      {
        name: 'a TIFF whose directories go round',
        make: () => hostile.tiffOfDirectories(3, 8),
        outcome: CORRUPT,
      },
      {
        name: 'a JPEG of 700 segments of 64 KB',
        make: () => hostile.jpegOfSegments(700, 65_000),
        outcome: 'taken',
      },
      {
        name: 'a JPEG of 5 million segments',
        make: () => hostile.jpegOfSegments(5_000_000, 0),
        outcome: LARGE,
      },
      {
        name: 'a JPEG of stuffed bytes',
        make: () => hostile.jpegOfStuffing(40 * MEGABYTE),
        outcome: 'taken',
      },
      { name: 'a JPEG of 1,000 scans', make: () => hostile.jpegOfScans(1_000), outcome: LARGE },
      {
        name: 'an AVIF that says 60,000 × 60,000',
        make: () => hostile.avifOfSize(60_000, 60_000),
        outcome: LARGE,
      },
      {
        name: 'a BMP that says 30,000 × 30,000',
        make: () => hostile.bmpOfSize(30_000, 30_000),
        outcome: CORRUPT,
      },
      {
        name: 'an icon with a picture of 50,000 × 50,000',
        make: () => hostile.icoOfSize(50_000, 50_000),
        outcome: LARGE,
      },
    ])
    .run(async ({ assert }, { make, outcome }) => {
      const source = await folder.file(await make())
      const { cpuSeconds, extraBytes, ...became } = await costOfIntake(source)
      assert.equal(became.outcome, outcome)
      assert.isBelow(cpuSeconds, MOST_CPU_SECONDS)
      assert.isBelow(extraBytes, MOST_EXTRA_BYTES)
    })

  test('half of {$self} is refused')
    .with(['jpg', 'png', 'gif', 'webp', 'tif', 'avif', 'bmp', 'ico'] as const)
    .run(async ({ assert }, extension) => {
      const makers = {
        jpg: () => images.cameraJpeg(),
        png: () => images.plainPng(),
        gif: () => images.animatedGif(),
        webp: () => images.cameraWebp(),
        tif: () => images.tiff(),
        avif: () => images.avif(),
        bmp: () => images.bmp(),
        ico: () => images.ico(),
      }
      const whole = await makers[extension]()
      const half = await folder.file(whole.subarray(0, whole.length / 2))
      assert.equal(await intake(half), CORRUPT)
      assert.notTypeOf(await intake(await folder.file(whole)), 'string')
    })

  test('of a file that is two things only the image is left', async ({ assert }) => {
    for (const [name, bytes] of Object.entries(await hostile.polyglots())) {
      const left = await intake(await folder.file(bytes))
      assert.isTrue(Buffer.isBuffer(left), name)
      assert.isFalse(left.includes(hostile.POLYGLOT_MARK), name)
    }
  })

  test('a document that names an image format is none', async ({ assert }) => {
    for (const text of [
      '%PDF-1.7 \u00ff\u00d8\u00ff',
      'BM is how this text begins, and it goes on for a while.',
      '\n\n<html><svg></svg></html>',
      'GIF87, a poem in several lines which is no image at all',
    ]) {
      const outcome = await intake(await folder.file(Buffer.from(text, 'latin1')))
      assert.isTrue(outcome === 'E_NOT_AN_IMAGE' || outcome === CORRUPT, text)
    }
  })
})
