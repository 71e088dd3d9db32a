import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from '@japa/runner'
import { Watermarks } from '#imaging/watermark/watermarks'
import { Workshop } from '#imaging/workshop/workshop'
import { digestsOf } from '#imaging/rewrite_plan'
import { StorageError } from '#storage/errors'
import { prepareFile } from '#uploads/prepare_file'

/** A workshop on a disk that became read-only a moment ago. */
class ReadOnlyWorkshop extends Workshop {
  override run(): Promise<never> {
    return Promise.reject(Object.assign(new Error('read-only file system'), { code: 'EROFS' }))
  }
}

test.group('Preparing a file', () => {
  test('on a disk that becomes read-only in the middle fails as storage that cannot be used', async ({
    assert,
  }) => {
    const content = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    const prepared = prepareFile(
      {
        content,
        size: content.length,
        originName: 'nine.svg',
        fields: new Map(),
        digests: async () => digestsOf(content),
        path: async () => join(tmpdir(), 'never-read.svg'),
        discard: async () => {},
      },
      {
        workshop: new ReadOnlyWorkshop(),
        watermarks: new Watermarks({ folder: tmpdir() }),
        rules: {
          maxFileBytes: 1_000_000,
          acceptedExtensions: ['svg'],
          rates: { minute: null, hour: null, day: null, month: null },
          preferredStrategyId: null,
          naming: { path: '', file: '' },
        },
        processing: { strips: true, format: 'origin', quality: null, watermark: null },
        temporaryPath: async () => join(tmpdir(), 'never-written.svg'),
      }
    )
    const error: unknown = await prepared.then(
      () => null,
      (reason) => reason
    )
    assert.instanceOf(error, StorageError)
    assert.equal((error as StorageError).code, 'E_STORAGE_UNAVAILABLE')
  })
})
