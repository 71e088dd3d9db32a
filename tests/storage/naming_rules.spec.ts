import { test } from '@japa/runner'
import { checkObjectKey } from '#storage/object_key'
import { besideKey, objectKeyFor } from '#storage/naming_rules'

test.group('Storage | naming rules', () => {
  const file = {
    md5: '0123456789abcdef0123456789abcdef',
    extension: 'jpg',
    ownerId: 42,
    at: new Date('2026-03-07T23:59:59.000Z'),
  }
  const draw = (length: number) => 'r'.repeat(length)
  const named = (path: string, name: string, changes = {}) =>
    objectKeyFor({ path, file: name }, { ...file, ...changes }, draw)
  const unique = `${file.at.getTime().toString(36)}rrrrrrrrrrrr`

  test('every placeholder is filled in', ({ assert }) => {
    const cases: Array<[path: string, file: string, key: string]> = [
      ['{Y}/{m}/{d}', '{uniqid}', `2026/03/07/${unique}.jpg`],
      ['{y}', '{timestamp}', '26/1772927999.jpg'],
      ['', '{md5}', '0123456789abcdef0123456789abcdef.jpg'],
      ['u/{uid}', '{md5-16}', 'u/42/89abcdef01234567.jpg'],
      ['a//b/', '{str-random-16}-{str-random-10}', `a/b/${draw(16)}-${draw(10)}.jpg`],
      ['{unknown}', 'x', '-unknown-/x.jpg'],
    ]
    for (const [path, name, key] of cases) {
      assert.equal(named(path, name), key)
      assert.equal(checkObjectKey(key), key)
    }
    assert.equal(named('{uid}', 'x', { ownerId: null }), '0/x.jpg')
  })

  test('what could lead astray does not', ({ assert }) => {
    assert.equal(named('../..', '../x'), 'x.jpg')
    assert.equal(named('.hidden', '.x'), 'hidden/x.jpg')
    assert.equal(named('a', 'b/c'), 'a/b-c.jpg')
    assert.equal(named('a', ''), `a/${unique}.jpg`)
    assert.equal(named('thumbnails/01', '{md5}'), `images/thumbnails/01/${file.md5}.jpg`)
    assert.isAtMost(named('x'.repeat(500), 'y'.repeat(500)).length, 512)
  })

  test('a name that is taken gets another beside it', ({ assert }) => {
    assert.equal(besideKey('a/b.jpg', file, draw), `a/b-${unique}.jpg`)
  })
})
