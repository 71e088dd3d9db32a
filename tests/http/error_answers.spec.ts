import { test } from '@japa/runner'
import { E_MISSING_SCOPE } from '#auth/errors'
import { DomainError } from '#domain/domain_error'
import {
  BudgetExceededError,
  ClaimTakenError,
  CommandIdReusedError,
  EventStoreUnavailableError,
  InvalidEventError,
  VersionConflictError,
} from '#event_store/errors'
import { answerError } from '#http/error_answers'
import { InvalidFieldsError } from '#http/errors'
import { ImagingError } from '#imaging/errors'
import { StorageError } from '#storage/errors'
import { IntakeError } from '#storage/intake'

function withCode(code: string): Error {
  return Object.assign(new Error(`secret of ${code}`), { code })
}

test.group('Errors become answers', () => {
  test('{status} for {error}')
    .with([
      { error: new DomainError('E_IMAGE_NOT_FOUND', 'Image not found'), status: 404 },
      { error: new DomainError('E_STRATEGY_NOT_ALLOWED', 'Not allowed'), status: 422 },
      { error: new VersionConflictError('image-7', 1, 2), status: 409 },
      { error: new ClaimTakenError('email'), status: 409 },
      { error: new CommandIdReusedError('secret'), status: 409 },
      { error: new BudgetExceededError('account_bytes:7', 5, 5, 5), status: 422 },
      { error: new EventStoreUnavailableError('secret host'), status: 503 },
      { error: new InvalidFieldsError({ name: ['wrong'] }), status: 400 },
      { error: new E_MISSING_SCOPE(['write']), status: 403 },
      { error: new IntakeError('E_FILE_TOO_LARGE', 'Too large', 'file'), status: 413 },
      { error: new IntakeError('E_FILE_MISSING', 'Missing', 'file'), status: 400 },
      { error: new IntakeError('E_NOT_MULTIPART', 'No form'), status: 400 },
      { error: new ImagingError('E_NOT_AN_IMAGE', 'No image'), status: 415 },
      { error: new ImagingError('E_IMAGE_CORRUPT', 'Damaged'), status: 415 },
      { error: new ImagingError('E_IMAGE_TOO_LARGE', 'Too many pixels'), status: 413 },
      { error: new StorageError('E_STORAGE_UNAVAILABLE', 'secret path'), status: 503 },
      { error: new StorageError('E_OBJECT_MISSING', 'secret path'), status: 404 },
      { error: withCode('ECONNREFUSED'), status: 503 },
      { error: withCode('57P01'), status: 503 },
      { error: withCode('Z_DATA_ERROR'), status: 400 },
      { error: Object.assign(new SyntaxError('secret'), { status: 400 }), status: 400 },
    ])
    .run(({ assert }, { error, status }) => {
      const answer = answerError(error)

      assert.equal(answer?.status, status)
      assert.notInclude(answer?.message ?? '', 'secret')
    })

  test('what is wrong with a field is said of it', ({ assert }) => {
    const answer = answerError(new IntakeError('E_FILE_MISSING', 'A file is required', 'file'))

    assert.deepEqual(answer?.data, { file: ['A file is required'] })
  })

  test('none for a fault of ours: {$self}')
    .with([
      new TypeError('undefined is not a function'),
      new InvalidEventError('The payload is wrong'),
      new StorageError('E_INVALID_OBJECT_KEY', 'Not a key'),
      withCode('42601'),
      Object.assign(new Error('teapot'), { status: 500 }),
      'a thrown text',
      null,
    ])
    .run(({ assert }, error) => {
      assert.isNull(answerError(error))
    })
})
