import { test } from '@japa/runner'
import { parseVariantOptions, VariantOptionsError } from '#imaging/variant_options'
import { variantSize } from '#imaging/variant_size'

const NOTHING = {
  width: null,
  height: null,
  quality: null,
  format: null,
  fit: 'inside',
  blur: null,
} as const

test.group('Options of variants', () => {
  test('are read: {text}')
    .with([
      {
        text: 'w_300,h_200,q_60,f_webp',
        options: { width: 300, height: 200, quality: 60, format: 'webp' },
      },
      { text: 'f_auto', options: { format: 'auto' } },
      { text: 'h_10000', options: { height: 10_000 } },
      {
        text: 'fit_cover,w_1,h_1,blur_50',
        options: { fit: 'cover', width: 1, height: 1, blur: 50 },
      },
      { text: 'w_100,dpr_1.5', options: { width: 150 } },
      { text: 'dpr_4,w_9000', options: { width: 10_000 } },
    ] as const)
    .run(({ assert }, { text, options }) => {
      assert.deepEqual(parseVariantOptions(text), { ...NOTHING, ...options })
    })

  test('are refused by the name of the one at fault: {option}, {$i}')
    .with([
      { text: 'w_0', option: 'w' },
      { text: 'w_10001', option: 'w' },
      { text: 'w_-3', option: 'w' },
      { text: 'w_3.5', option: 'w' },
      { text: 'w_', option: 'w' },
      { text: 'w', option: 'w' },
      { text: 'h_1e3', option: 'h' },
      { text: 'h_0300', option: 'h' },
      { text: 'q_0', option: 'q' },
      { text: 'q_101', option: 'q' },
      { text: 'f_bmp', option: 'f' },
      { text: 'f_WEBP', option: 'f' },
      { text: 'fit_outside', option: 'fit' },
      { text: 'dpr_0', option: 'dpr' },
      { text: 'dpr_5', option: 'dpr' },
      { text: 'dpr_1.234', option: 'dpr' },
      { text: 'blur_51', option: 'blur' },
      { text: 'w_1,w_1', option: 'w' },
      { text: 'x_1', option: 'x' },
      { text: 'constructor_1', option: 'constructor' },
      { text: '', option: 'options' },
      { text: 'w_1,', option: 'options' },
      { text: '<b>', option: 'options' },
      { text: 'w_1,'.repeat(100), option: 'options' },
    ])
    .run(({ assert }, { text, option }) => {
      try {
        parseVariantOptions(text)
        assert.fail('it was read')
      } catch (error) {
        assert.instanceOf(error, VariantOptionsError)
        assert.equal(error instanceof VariantOptionsError && error.option, option)
      }
    })
})

test.group('The size of a variant', () => {
  const image = { width: 4000, height: 3000 }

  test('{$i}: {fit} {width} × {height}')
    .with([
      { width: 400, height: null, fit: 'inside', size: [400, 300, 'fill'] },
      { width: null, height: 300, fit: 'inside', size: [400, 300, 'fill'] },
      { width: 400, height: 400, fit: 'inside', size: [400, 300, 'fill'] },
      { width: 8000, height: 9000, fit: 'inside', size: [4000, 3000, 'fill'] },
      { width: null, height: null, fit: 'cover', size: [4000, 3000, 'fill'] },
      { width: 400, height: 400, fit: 'cover', size: [400, 400, 'cover'] },
      { width: 8000, height: 8000, fit: 'cover', size: [3000, 3000, 'cover'] },
      { width: 200, height: null, fit: 'cover', size: [200, 150, 'fill'] },
      { width: 400, height: 400, fit: 'contain', size: [400, 400, 'contain'] },
      { width: 8000, height: 8000, fit: 'contain', size: [4000, 4000, 'contain'] },
    ] as const)
    .run(({ assert }, { width, height, fit, size }) => {
      const made = variantSize(image, { width, height, fit })
      assert.deepEqual([made.width, made.height, made.fit], [...size])
    })

  test('is a pixel at least, and padding has its bound', ({ assert }) => {
    const line = { width: 10_000, height: 1 }
    assert.deepEqual(variantSize(line, { width: 10, height: 10, fit: 'inside' }), {
      width: 10,
      height: 1,
      fit: 'fill',
    })
    const padded = variantSize(line, { width: 10_000, height: 10_000, fit: 'contain' })
    assert.isAtMost(padded.width * padded.height, 16_000_000)
  })
})
