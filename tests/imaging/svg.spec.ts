import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { test } from '@japa/runner'
import { ImagingError } from '#imaging/errors'
import { sanitiseSvg } from '#imaging/svg/sanitise'
import { Workshop } from '#imaging/workshop/workshop'
import { COSTLY_SVGS, scriptedSvgs } from '#tests/fixtures/hostile_svgs'
import { SVG } from '#tests/fixtures/images'
import { TemporaryFolder } from '#tests/helpers/temporary_folder'

const MEGABYTE = 1024 * 1024
const BUDGET = { cpuSeconds: 1, bytes: 300 * MEGABYTE, seconds: 20 }
const ELSEWHERE = 'http://elsewhere.example/'

test.group('Imaging | SVG', (group) => {
  group.each.timeout(60_000)
  let folder: TemporaryFolder
  let workshop: Workshop

  group.setup(() => {
    workshop = new Workshop({ processes: 1 })
    return () => workshop.close()
  })
  group.each.setup(() => {
    folder = new TemporaryFolder()
    return () => folder.remove()
  })

  const clean = async (svg: string | Buffer) => {
    const source = await folder.file(Buffer.from(svg))
    const target = `${source}.clean`
    const { facts, written } = await workshop.run('cleanSvg', { source, target }, BUDGET)
    return { facts, written, left: existsSync(target) ? await readFile(target, 'utf8') : null }
  }
  const codeOf = async (svg: string | Buffer) => {
    try {
      await clean(svg)
      return 'taken'
    } catch (error) {
      return error instanceof ImagingError ? error.code : String(error)
    }
  }
  const svg = (content: string, attributes = '') =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10" ${attributes}>${content}</svg>`

  test('a picture keeps its bytes', async ({ assert }) => {
    const { facts, written, left } = await clean(SVG)

    assert.containSubset(facts, { extension: 'svg', width: 120, height: 80, frames: 1 })
    assert.isNull(written)
    assert.isNull(left)
  })

  test('gradients, styles, text, movement and pictures within stay', async ({ assert }) => {
    const pixel = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw=='
    const picture = svg(
      `<style>.a{fill:url(#g)} @media (min-width:1px){.b{stroke:red}}</style>
      <defs><linearGradient id="g"><stop offset="0" stop-color="#fff"/></linearGradient></defs>
      <g class="a" style="mix-blend-mode:multiply;filter:url('#f')" aria-label="x &amp; y">
      <text x="1" xml:space="preserve">a &lt; b — ü 東</text><use href="#g"/></g>
      <rect fill="url(#g)" width="5" height="5"><animate attributeName="x" values="0;5" dur="1s"/></rect>
      <image href="${pixel}" width="1" height="1"/>`,
      'viewBox="0 0 20 10"'
    )

    assert.isFalse(sanitiseSvg(picture).isChanged)
    assert.equal((await clean(picture)).written, null)
  })

  test('{$self} goes')
    .with(Object.keys(scriptedSvgs(ELSEWHERE)))
    .run(async ({ assert }, name) => {
      const { svg: left, isChanged } = sanitiseSvg(scriptedSvgs(ELSEWHERE)[name] ?? '')

      assert.isTrue(isChanged)
      assert.notMatch(left, /script|alert|elsewhere|foreign|\son\w+=|data:/i)
      assert.isFalse(sanitiseSvg(left).isChanged, 'what is left is clean')
    })

  test('notes, comments and what editors write go, the drawing stays', async ({ assert }) => {
    const { left, written } = await clean(`<?xml version="1.0" encoding="UTF-8"?>
      <!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
      <!-- Ada’s -->
      <svg xmlns="http://www.w3.org/2000/svg" xmlns:i="http://inkscape.example/" i:version="1" width="20" height="10">
        <metadata><author>Ada</author></metadata><i:view zoom="1"/><path i:label="Ada" d="M0 0h9v9z"/>
      </svg>`)

    assert.notMatch(left ?? '', /Ada|inkscape|metadata|DOCTYPE/)
    assert.match(left ?? '', /<path d="M0 0h9v9z"/)
    assert.equal(written?.size, Buffer.byteLength(left ?? ''))
  })

  test('{$i}: what is no SVG, or not well-formed, is refused')
    .with([
      '<svg width="1" height="1"><rect/></svg>',
      '<html xmlns="http://www.w3.org/1999/xhtml"><svg/></html>',
      svg('<g>'),
      svg('&unknown;'),
      `${svg('')}<html><script>alert(1)</script></html>`,
      `${svg('')} and text`,
    ])
    .run(async ({ assert }, text) => {
      assert.equal(await codeOf(text), 'E_IMAGE_CORRUPT')
    })

  test('one in another encoding, or with entities of its own, is refused', async ({ assert }) => {
    const utf16 = Buffer.from(`\uFEFF${svg('')}`, 'utf16le')
    assert.equal(await codeOf(utf16), 'E_IMAGE_UNSUPPORTED')
    assert.equal(await codeOf(`<!DOCTYPE svg [<!ENTITY a "b">]>${svg('')}`), 'E_IMAGE_UNSUPPORTED')
    assert.equal(
      await codeOf(`<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>${svg('&a;')}`),
      'E_IMAGE_UNSUPPORTED'
    )
  })

  test('{$self} cost no more than a second, and the next one is drawn')
    .with(Object.keys(COSTLY_SVGS))
    .run(async ({ assert }, name) => {
      const outcome = await codeOf(COSTLY_SVGS[name]?.() ?? '')

      assert.include(
        ['taken', 'E_IMAGE_TOO_LARGE', 'E_IMAGE_TOO_SLOW', 'E_IMAGE_UNSUPPORTED'],
        outcome
      )
      assert.equal(await codeOf(SVG), 'taken')
    })
})
