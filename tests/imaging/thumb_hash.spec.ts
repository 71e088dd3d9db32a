import { test } from '@japa/runner'
import sharp from 'sharp'
import { thumbHashToAverageRGBA, thumbHashToApproximateAspectRatio } from 'thumbhash'
import { thumbHash } from '#imaging/thumb_hash'
import { picture } from '#tests/fixtures/images'

test.group('A ThumbHash', () => {
  test('tells a picture’s colour, shape and transparency in a few bytes', async ({ assert }) => {
    const create = { width: 300, height: 150, channels: 4, background: '#c02040' } as const
    const opaque = await thumbHash(sharp({ create }))
    const bytes = Buffer.from(opaque, 'base64')
    const { r, g, b, a } = thumbHashToAverageRGBA(bytes)

    assert.isAtMost(bytes.length, 40)
    for (const [value, wanted] of [
      [r, 0xc0],
      [g, 0x20],
      [b, 0x40],
      [a, 0xff],
    ] as const) {
      assert.closeTo(value * 255, wanted, 24)
    }
    assert.closeTo(thumbHashToApproximateAspectRatio(bytes), 2, 0.5)
    const clear = { ...create, background: { r: 200, g: 20, b: 40, alpha: 0.2 } }
    const transparent = await thumbHash(sharp({ create: clear }))
    assert.isBelow(thumbHashToAverageRGBA(Buffer.from(transparent, 'base64')).a, 0.5)
  })

  test('is the same for the same picture', async ({ assert }) => {
    const bytes = await picture().webp().toBuffer()
    assert.equal(await thumbHash(sharp(bytes)), await thumbHash(sharp(bytes)))
  })

  test('of a grey picture is grey', async ({ assert }) => {
    const grey = picture().greyscale().raw()
    const { data, info } = await grey.toBuffer({ resolveWithObject: true })
    const { width, height, channels } = info
    const hash = await thumbHash(sharp(data, { raw: { width, height, channels } }))
    const { r, g, b, a } = thumbHashToAverageRGBA(Buffer.from(hash, 'base64'))

    assert.closeTo(r, g, 0.05)
    assert.closeTo(g, b, 0.05)
    assert.equal(a, 1)
  })
})
