import { test } from '@japa/runner'
import sharp from 'sharp'
import { Watermarks } from '#imaging/watermark/watermarks'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

const TEXTS = [
  'Hello, Žluťoučký',
  'Привет мир',
  'Γειά σου',
  'مرحبا بالعالم',
  'שלום עולם',
  'नमस्ते',
  'สวัสดี',
  '你好世界 東京',
  'こんにちは カタカナ',
  '안녕하세요 세계',
  '😀🎉🇩🇪👍🏽',
  'Բարեւ გამარჯობა',
]

test.group('Imaging | watermarks', (group) => {
  group.each.timeout(120_000)
  let folder: TemporaryFolder
  let watermarks: Watermarks

  group.setup(() => {
    folder = new TemporaryFolder()
    watermarks = new Watermarks({ folder: folder.at('fonts') })
    return () => folder.remove()
  })

  const draw = (text: string, changes = {}) =>
    watermarks.draw({ text, fontSize: 40, color: '#ff0000', opacity: 1, ...changes })
  const pixels = async (png: Uint8Array) => sharp(png).raw().toBuffer({ resolveWithObject: true })
  /** What no font has is drawn as a box: its four edges are straight lines. */
  const isBox = async (character: string) => {
    const drawn = sharp(await draw(character, { fontSize: 100 })).trim()
    const { data, info } = await pixels(await drawn.png().toBuffer())
    const { width, height } = info
    const inked = (x: number, y: number) => (data[(y * width + x) * 4 + 3] ?? 0) > 100
    const share = (length: number, at: (index: number) => boolean) =>
      Array.from({ length }, (_, index) => at(index)).filter(Boolean).length / length
    const edges = [
      share(width, (x) => inked(x, 2)),
      share(width, (x) => inked(x, height - 3)),
      share(height, (y) => inked(2, y)),
      share(height, (y) => inked(width - 3, y)),
    ]
    return edges.every((edge) => edge > 0.8)
  }

  test('“{$self}” is drawn')
    .with(TEXTS)
    .run(async ({ assert }, text) => {
      const { data, info } = await pixels(await draw(text))
      assert.equal(info.channels, 4)
      assert.isAbove(info.width, 40)
      assert.isTrue(data.some((value) => value > 0))
    })

  test('characters of every script have a shape', async ({ assert }) => {
    assert.isTrue(await isBox('\uE123'), 'a character that no font has')
    for (const character of ['ž', 'я', 'λ', 'ش', 'ש', 'न', 'ส', '界', 'の', '계', 'ა', 'ব', 'த']) {
      assert.isFalse(await isBox(character), character)
    }
  })

  test('an emoji has its own colours', async ({ assert }) => {
    const { data } = await pixels(await draw('😀'))
    const colours = new Set<string>()
    for (let at = 0; at < data.length; at += 4) {
      colours.add(data.subarray(at, at + 3).toString('hex'))
    }
    assert.isAbove(colours.size, 20)
  })

  test('size, colour and opacity are as asked', async ({ assert }) => {
    const small = await pixels(await draw('Ada', { fontSize: 20 }))
    const large = await pixels(await draw('Ada', { fontSize: 80 }))
    const faint = await pixels(await draw('Ada', { opacity: 0.25, color: '#0af' }))
    const strongest = Array.from({ length: faint.data.length / 4 }, (_, index) =>
      faint.data.subarray(index * 4, index * 4 + 4)
    ).reduce((one, other) => ((other[3] ?? 0) > (one[3] ?? 0) ? other : one))

    assert.closeTo(large.info.width / small.info.width, 4, 0.4)
    assert.closeTo(strongest[3] ?? 0, 64, 3)
    assert.deepEqual([...strongest.subarray(0, 3)], [0x00, 0xaa, 0xff])
  })

  test('markup in a text is text', async ({ assert }) => {
    const { info } = await pixels(await draw('<b>&amp;'))
    const { info: shorter } = await pixels(await draw('&'))

    assert.isAbove(info.width, shorter.width * 3)
  })

  test('the same text is drawn once', async ({ assert }) => {
    const [one, two] = await Promise.all([draw('once'), draw('once')])

    assert.equal(one, two)
  })
})
