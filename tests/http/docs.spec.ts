import { test } from '@japa/runner'
import type { Browser, Page } from 'playwright-core'
import { hasBrowser, startBrowser } from '#tests/helpers/browser'
import { startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const PATIENCE = { timeout: 60_000 }

test.group('The documentation', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer

  group.setup(async () => {
    server = await startWebServer()
    return () => server.stop()
  })

  test('is a page with a strict policy', async ({ assert }) => {
    const { status, headers, bytes } = await server.api.get('/docs')

    assert.equal(status, 200)
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8')
    const policy = headers.get('content-security-policy') ?? ''
    assert.include(policy, `default-src 'none'; script-src 'self';`)
    assert.notMatch(policy, /https?:|unsafe-eval|\*/)
    assert.notMatch(bytes.toString(), /https?:/)
  })

  test('brings its own script, compressed for those who can read that', async ({ assert }) => {
    const path = '/docs/scalar.js'
    const plain = await server.api.get(path, { headers: { 'accept-encoding': 'identity' } })
    const gzipped = await fetch(server.api.url + path, { headers: { 'accept-encoding': 'gzip' } })

    assert.equal(plain.headers.get('content-type'), 'text/javascript; charset=utf-8')
    assert.isNull(plain.headers.get('content-encoding'))
    assert.equal(gzipped.headers.get('content-encoding'), 'gzip')
    assert.isTrue(Buffer.from(await gzipped.arrayBuffer()).equals(plain.bytes))
  })
})

test.group('The documentation in a browser', (group) => {
  group.each.timeout(120_000)
  group.each.skip(!hasBrowser, 'there is no Chromium here')
  let server: TestWebServer
  let browser: Browser

  group.setup(async () => {
    if (!hasBrowser) {
      return () => {}
    }
    server = await startWebServer()
    browser = await startBrowser()
    return async () => {
      await browser.close()
      await server.stop()
    }
  })

  /** The page when it is read, and all that was asked for and complained of on the way. */
  const open = async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const asked: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') {
        complaints.push(message.text())
      }
    })
    await page.goto(`${server.api.url}/docs`, PATIENCE)
    await page.getByRole('heading', { name: 'PicFast', level: 1 }).waitFor(PATIENCE)
    return { page, asked, complaints }
  }

  const elsewhere = (asked: string[]) =>
    asked.filter((url) => !url.startsWith(`${server.api.url}/`) && !/^(?:data|blob):/.test(url))

  const goTo = async (page: Page, name: string) => {
    await page.getByRole('link', { name }).first().click(PATIENCE)
    await page.getByRole('heading', { name }).first().waitFor(PATIENCE)
  }

  test('shows every area, and asks nobody but this server', async ({ assert }) => {
    const { page, asked, complaints } = await open()
    const { tags } = server.checker.document as { tags?: { name: string }[] }
    for (const { name } of tags ?? []) {
      await goTo(page, name)
    }
    await page.waitForLoadState('networkidle', PATIENCE)

    assert.isAbove(tags?.length ?? 0, 5)
    assert.deepEqual(elsewhere(asked), [])
    assert.lengthOf(
      asked.filter((url) => url.includes('/docs/scalar.js')),
      1
    )
    assert.include(asked, `${server.api.url}/openapi.json`)
    assert.deepEqual(complaints, [])
    await page.close()
  })

  test('sends a request that is tried to this server, past no proxy', async ({ assert }) => {
    const { page, asked, complaints } = await open()
    await goTo(page, 'Which PicFast this is')
    const tried = page.waitForResponse(`${server.api.url}/api/v1/version`, PATIENCE)
    await page
      .getByRole('button', { name: /Test Request.*\/version/ })
      .first()
      .click(PATIENCE)
    await page.getByRole('button', { name: /^Send/ }).first().click(PATIENCE)

    assert.equal((await tried).status(), 200)
    await page.getByText('200 OK').first().waitFor(PATIENCE)
    assert.deepEqual(elsewhere(asked), [])
    assert.deepEqual(complaints, [])
    await page.close()
  })
})
