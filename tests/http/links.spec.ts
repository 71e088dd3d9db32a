import { test } from '@japa/runner'
import { directBaseOf } from '#domain/strategy/direct_links'
import { linksOf, type LinkedImage } from '#http/links'

const BASE = 'https://img.example.org'

const IMAGE: LinkedImage = {
  key: 'k3x9ab',
  extension: 'jpg',
  md5: '9e107d9d372bb6826bd81d3542a419d6',
  originName: 'sea.jpg',
  objectKey: '2026/03/07/a+b.jpg',
  directBase: null,
  permission: 1,
  moderationStatus: 'approved',
}

function linksFor(originName: string | null) {
  return linksOf({ ...IMAGE, originName }, BASE)
}

test.group('Links to the strategy', () => {
  const direct = { ...IMAGE, directBase: 'https://cdn.example.org/x' }
  const urlOf = (changes: Partial<LinkedImage>) => linksOf({ ...direct, ...changes }, BASE).url

  test('lead there for what everybody may see, thumbnails excepted', ({ assert }) => {
    const links = linksOf(direct, BASE)
    assert.equal(links.url, 'https://cdn.example.org/x/2026/03/07/a%2Bb.jpg')
    assert.include(links.markdown, links.url)
    assert.equal(links.thumbnail_url, `${BASE}/t/${IMAGE.md5}.png`)
  })

  test('lead here for all else, and for what must be sent with care', ({ assert }) => {
    assert.equal(urlOf({ permission: 0 }), `${BASE}/i/k3x9ab.jpg`)
    assert.equal(urlOf({ moderationStatus: 'pending' }), `${BASE}/i/k3x9ab.jpg`)
    assert.equal(urlOf({ moderationStatus: 'rejected' }), `${BASE}/i/k3x9ab.jpg`)
    assert.equal(urlOf({ extension: 'svg' }), `${BASE}/i/k3x9ab.svg`)
  })

  test('need a kind, an address and a mode that allow them', ({ assert }) => {
    const url = 'https://cdn.example.org/x/'
    assert.equal(directBaseOf('s3', { url }), 'https://cdn.example.org/x')
    assert.equal(directBaseOf('oss', { url, link_mode: 'direct' }), 'https://cdn.example.org/x')
    assert.equal(directBaseOf('kodo', { domain: url }), 'https://cdn.example.org/x')
    assert.isNull(directBaseOf('s3', { url, link_mode: 'proxy' }))
    assert.isNull(directBaseOf('s3', {}))
    assert.isNull(directBaseOf('cos', { url: '' }))
    assert.isNull(directBaseOf('kodo', { domain: url, private: true }))
    assert.isNull(directBaseOf('local', { url, link_mode: 'direct' }))
    assert.isNull(directBaseOf('webdav', { url, link_mode: 'direct' }))
  })
})

test.group('Links', () => {
  test('of a plain name', ({ assert }) => {
    assert.deepEqual(linksFor('IMG_0001-a (2).jpg'), {
      url: `${BASE}/i/k3x9ab.jpg`,
      html: `<img src="${BASE}/i/k3x9ab.jpg" alt="IMG_0001-a (2).jpg" />`,
      bbcode: `[img]${BASE}/i/k3x9ab.jpg[/img]`,
      markdown: `![IMG_0001-a (2).jpg](${BASE}/i/k3x9ab.jpg)`,
      thumbnail_url: `${BASE}/t/9e107d9d372bb6826bd81d3542a419d6.png`,
    })
  })

  test('of {name} cannot break out')
    .with([
      {
        name: `"><script>alert('x')</script>`,
        html: '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;',
        markdown: `"\\>\\<script\\>alert('x')\\</script\\>`,
      },
      { name: '](javascript:x)', html: '](javascript:x)', markdown: '\\](javascript:x)' },
      { name: 'a\\](x)', html: 'a\\](x)', markdown: 'a\\\\\\](x)' },
      { name: 'R&D &lt;', html: 'R&amp;D &amp;lt;', markdown: 'R\\&D \\&lt;' },
      { name: '_a_ *b* `c`', html: '_a_ *b* `c`', markdown: '\\_a\\_ \\*b\\* \\`c\\`' },
      { name: 'two\nlines\t', html: 'two lines', markdown: 'two lines' },
      { name: 'naïve 東京 🗼', html: 'naïve 東京 🗼', markdown: 'naïve 東京 🗼' },
    ])
    .run(({ assert }, { name, html, markdown }) => {
      const links = linksFor(name)

      assert.equal(links.html, `<img src="${BASE}/i/k3x9ab.jpg" alt="${html}" />`)
      assert.equal(links.markdown, `![${markdown}](${BASE}/i/k3x9ab.jpg)`)
      assert.equal(links.bbcode, `[img]${BASE}/i/k3x9ab.jpg[/img]`)
    })

  test('of a name that was forgotten', ({ assert }) => {
    assert.equal(linksFor(null).html, `<img src="${BASE}/i/k3x9ab.jpg" alt="" />`)
    assert.equal(linksFor(null).markdown, `![](${BASE}/i/k3x9ab.jpg)`)
  })
})
