import { test } from '@japa/runner'
import { groupProcessingOf } from '#read_models/group_processing'
import { processingPolicy } from '#uploads/processing_policy'

const SITE = { skip_image_processing: false, allow_user_image_processing: true }
const MARKED = { is_enable_watermark: true, watermark_configs: { text: '© group' } }

test.group('Uploads | processing policy', () => {
  test('nobody said anything: metadata goes, pixels stay', ({ assert }) => {
    assert.deepEqual(processingPolicy(SITE, {}, {}), {
      strips: true,
      format: 'origin',
      quality: null,
      watermark: null,
    })
  })

  test('the user comes before the group, setting by setting', ({ assert }) => {
    const group = {
      image_save_format: 'webp',
      image_save_quality: 50,
      is_strip_exif: false,
      ...MARKED,
    } as const
    const user = { image_save_quality: 70, watermark_configs: { position: 'center' } } as const

    const { watermark, ...rest } = processingPolicy(SITE, group, user)
    assert.deepEqual(rest, { format: 'webp', quality: 70, strips: false })
    assert.containSubset(watermark, { text: '© group', position: 'center', font_size: 24 })
    assert.isNull(processingPolicy(SITE, group, { is_enable_watermark: false }).watermark)
  })

  test('where users may not, they are not asked', ({ assert }) => {
    const site = { ...SITE, allow_user_image_processing: false }
    const user = { image_save_format: 'avif', is_strip_exif: false, ...MARKED } as const

    assert.containSubset(processingPolicy(site, {}, user), {
      format: 'origin',
      strips: true,
      watermark: null,
    })
  })

  test('a site that skips processing touches nothing', ({ assert }) => {
    const site = { ...SITE, skip_image_processing: true }

    assert.deepEqual(processingPolicy(site, MARKED, { image_save_format: 'webp' }), {
      strips: false,
      format: 'origin',
      quality: null,
      watermark: null,
    })
  })

  test('a watermark without a text, or that cannot be seen, is none', ({ assert }) => {
    const marked = { is_enable_watermark: true }
    const configs = { text: ' ', opacity: 1 }

    assert.isNull(processingPolicy(SITE, marked, {}).watermark)
    assert.isNull(processingPolicy(SITE, { ...marked, watermark_configs: configs }, {}).watermark)
    assert.isNull(
      processingPolicy(SITE, { ...marked, watermark_configs: { text: 'x', opacity: 0 } }, {})
        .watermark
    )
  })

  test('null in a group’s configuration says nothing', ({ assert }) => {
    const configs = { image_save_quality: null, image_save_format: 'png', maximum_file_size: 5 }

    assert.deepEqual(groupProcessingOf(configs), { image_save_format: 'png' })
  })
})
