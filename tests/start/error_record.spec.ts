import { test } from '@japa/runner'
import { errorRecord } from '#start/error_record'

function withFields(message: string, fields: Record<string, unknown>): Error {
  return Object.assign(new Error(message), fields)
}

test.group('What logs say of an error', () => {
  test('what it is, and where it happened', ({ assert }) => {
    const record = errorRecord(withFields('the disk is full', { code: 'ENOSPC' }))

    assert.equal(record.type, 'Error')
    assert.equal(record.message, 'the disk is full')
    assert.equal(record.code, 'ENOSPC')
    assert.match(record.stack ?? '', /^at .*error_record\.spec/)
  })

  test('nothing of the row that a database quotes', ({ assert }) => {
    const record = errorRecord(
      withFields('duplicate key value violates unique constraint "accounts_email": ada', {
        code: '23505',
        detail: 'Key (email)=(ada@example.org) already exists.',
        table: 'accounts',
        constraint: 'accounts_email',
      })
    )

    assert.deepInclude(record, { code: '23505', table: 'accounts', constraint: 'accounts_email' })
    assert.notMatch(JSON.stringify(record), /ada/)
  })

  test('what is wrong with a statement, which holds no value', ({ assert }) => {
    const record = errorRecord(
      withFields('relation "read.images" does not exist', { code: '42P01' })
    )

    assert.equal(record.message, 'relation "read.images" does not exist')
  })

  test('no command, argument or other property', ({ assert }) => {
    const record = errorRecord(
      withFields('WRONGTYPE', { command: { name: 'set', args: ['ada@example.org'] } })
    )

    assert.notMatch(JSON.stringify(record), /ada|args/)
  })

  test('its causes, so many of them', ({ assert }) => {
    const inner = new Error('4', { cause: new Error('5') })
    const error = new Error('1', {
      cause: new Error('2', { cause: new Error('3', { cause: inner }) }),
    })

    assert.equal(errorRecord(error).cause?.cause?.message, '3')
    assert.isUndefined(errorRecord(error).cause?.cause?.cause)
  })

  test('"{message}" without what is nobody’s business')
    .with([
      { message: 'no mailbox <ada@mail.example.org> here', kept: 'no mailbox <[cut out]> here' },
      { message: 'token img_0123456789abcdef is bad', kept: 'token [cut out] is bad' },
      { message: 'jwt eyJhbGciOi.eyJzdWIiOjF9.c2lnbg', kept: 'jwt [cut out]' },
      { message: 'sent Bearer abc.def-ghi', kept: 'sent Bearer [cut out]' },
      {
        message: 'connect redis://:pass@host:6379/0',
        kept: 'connect redis://[cut out]@host:6379/0',
      },
      { message: 'ECONNREFUSED 127.0.0.1:5432', kept: 'ECONNREFUSED 127.0.0.1:5432' },
    ])
    .run(({ assert }, { message, kept }) => {
      const record = errorRecord(new Error(message))

      assert.equal(record.message, kept)
      assert.notInclude(record.stack ?? '', message)
    })

  test('something that is no error', ({ assert }) => {
    assert.deepEqual(errorRecord('ada@example.org broke it'), {
      type: 'string',
      message: '[cut out] broke it',
    })
  })
})
