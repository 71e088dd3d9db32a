import { test } from '@japa/runner'
import sharp from 'sharp'
import { ByteReader } from '#imaging/byte_reader'
import { readPlainJpegSize } from '#imaging/jpeg_header'
import * as images from '#tests/fixtures/images'

const sizeOf = (bytes: Buffer) => readPlainJpegSize(new ByteReader(bytes, bytes.length))

test.group('Imaging | the header of an ordinary JPEG', () => {
  test('{name} tells its size')
    .with([
      { name: 'a baseline JPEG', colours: 'srgb', progressive: false },
      { name: 'a progressive one', colours: 'srgb', progressive: true },
      { name: 'one in grey', colours: 'b-w', progressive: false },
      { name: 'one for print', colours: 'cmyk', progressive: false },
    ] as const)
    .run(async ({ assert }, { colours, progressive }) => {
      const jpeg = await sharp({
        create: { width: 31, height: 17, channels: 3, background: '#2080c0' },
      })
        .toColourspace(colours)
        .jpeg({ progressive })
        .toBuffer()

      assert.deepEqual(await sizeOf(jpeg), { width: 31, height: 17 })
    })

  test('one with EXIF, which may turn it, is left to a library', async ({ assert }) => {
    assert.isNull(await sizeOf(await images.cameraJpeg()))
  })

  test('one of twelve bits a sample, or without a height, is left to a library', async ({
    assert,
  }) => {
    const jpeg = await sharp({
      create: { width: 31, height: 17, channels: 3, background: '#2080c0' },
    })
      .jpeg()
      .toBuffer()
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
    const twelveBits = Buffer.from(jpeg)
    twelveBits.writeUInt8(12, frame + 4)
    const noHeight = Buffer.from(jpeg)
    noHeight.writeUInt16BE(0, frame + 5)

    assert.isNull(await sizeOf(twelveBits))
    assert.isNull(await sizeOf(noHeight))
  })
})
