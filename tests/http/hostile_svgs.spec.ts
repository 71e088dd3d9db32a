import { createServer, type Server } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from '@japa/runner'
import type { Browser } from 'playwright-core'
import { scriptedSvgs } from '#tests/fixtures/hostile_svgs'
import type { ApiClient, ImageJson } from '#tests/helpers/api'
import { startBrowser } from '#tests/helpers/browser'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

/** Serves pages that embed pictures, as any other site could, and counts who asks for anything else. */
class Elsewhere {
  readonly asked: string[] = []
  readonly #pages = new Map<string, { text: string; type: string }>()
  readonly #server: Server = createServer((request, response) => {
    const page = this.#pages.get(request.url ?? '')
    if (page === undefined && request.url !== '/favicon.ico') {
      this.asked.push(request.url ?? '')
    }
    response.setHeader('Content-Type', page?.type ?? 'text/plain')
    response.end(page?.text ?? '')
  })

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`
  }

  page(html: string): string {
    return this.#offer(
      `<!DOCTYPE html><title>page</title><body>${html}`,
      'text/html; charset=utf-8'
    )
  }

  picture(svg: string): string {
    return this.#offer(svg, 'image/svg+xml')
  }

  #offer(text: string, type: string): string {
    const path = `/page-${this.#pages.size}`
    this.#pages.set(path, { text, type })
    return new URL(path, this.url).href
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

test.group('Hostile SVGs', (group) => {
  group.each.timeout(240_000)
  let server: TestWebServer
  let user: ApiClient
  let browser: Browser
  const elsewhere = new Elsewhere()

  group.setup(async () => {
    await elsewhere.start()
    server = await startWebServer()
    await server.setUp()
    user = await server.addUser('user@example.org')
    browser = await startBrowser()
    return async () => {
      await browser.close()
      await server.stop()
      await elsewhere.stop()
    }
  })

  /** What a browser does with a picture: opened by itself, and embedded in every way there is. */
  const runsIn = async (url: string): Promise<string[]> => {
    const seen: string[] = []
    const embedded = elsewhere.page(
      `<img src="${url}"><object data="${url}" type="image/svg+xml"></object><embed src="${url}"><iframe src="${url}"></iframe>`
    )
    const page = await browser.newPage()
    page.on('dialog', (dialog) => {
      seen.push(`a dialog on ${url}`)
      void dialog.dismiss()
    })
    for (const address of [url, embedded]) {
      await page.goto(address, { waitUntil: 'load' })
      await page.mouse.move(90, 90)
      await page.mouse.click(100, 100)
      // Taken when the page is drawn: what a script would do at once, it has done.
      await page.screenshot()
      if (await page.evaluate('"ran" in window')) {
        seen.push(`a script on ${address}`)
      }
    }
    await page.close()
    return [...seen, ...elsewhere.asked.splice(0)]
  }

  const eventOf = async (image: ImageJson) => {
    const [event] = await server.services.eventStore.readStream(`image-${image.id}`)
    return event?.type === 'image.uploaded' ? event.data : null
  }

  test('what a script does is noticed here', async ({ assert }) => {
    const svgs = scriptedSvgs(elsewhere.url)
    for (const name of ['a script', 'a link that runs', 'a picture from elsewhere']) {
      assert.isNotEmpty(await runsIn(elsewhere.picture(svgs[name] ?? '')), name)
    }
  })

  test('none runs, and none loads anything', async ({ assert }) => {
    for (const [name, text] of Object.entries(scriptedSvgs(elsewhere.url))) {
      const { status, data } = await user.upload(Buffer.from(text), 'picture.svg')
      assert.equal(status, 201, name)
      assert.deepEqual(await runsIn(data.links.url), [], name)
    }
  })

  test('none would run had it been stored as it was sent', async ({ assert }) => {
    for (const [name, text] of Object.entries(scriptedSvgs(elsewhere.url))) {
      // The size is in the event: what takes its place must have it too.
      const blank = Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>${'x'.repeat(Buffer.byteLength(text))}${name}</title></svg>`
      )
      const { data } = await user.upload(blank, 'picture.svg')
      const key = (await eventOf(data))?.object_key ?? ''
      const hostile = text.padEnd(blank.length - Buffer.byteLength(text) + text.length)
      await writeFile(join(server.dataDir, 'objects', key), hostile)

      assert.deepEqual(await runsIn(data.links.url), [], name)
    }
  })

  test('a page of another site that takes one for a script or a style gets neither', async ({
    assert,
  }) => {
    const gif = Buffer.concat([
      Buffer.from('GIF89a=1;top.ran=1;/*'),
      Buffer.from('474946383961', 'hex'),
    ])
    const { data } = await user.upload(
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'),
      'picture.svg'
    )
    const refused = await user.upload<unknown>(gif, 'script.gif')
    const page = await browser.newPage()
    await page.goto(
      elsewhere.page(
        `<script src="${data.links.url}"></script><link rel="stylesheet" href="${data.links.url}">`
      )
    )

    assert.equal(refused.status, 415)
    assert.isFalse(await page.evaluate('"ran" in window'))
    await page.close()
  })
})
