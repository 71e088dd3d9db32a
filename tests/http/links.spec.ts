import { test } from '@japa/runner'
import { linksOf } from '#http/links'

const BASE = 'https://img.example.org'

function linksFor(originName: string | null) {
  const md5 = '9e107d9d372bb6826bd81d3542a419d6'
  return linksOf({ key: 'k3x9ab', extension: 'jpg', md5, originName }, BASE)
}

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
