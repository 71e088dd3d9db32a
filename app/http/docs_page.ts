import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { escapeHtml } from './links.ts'

/** Scalar as it is published, everything in one file; resources/scalar/README.md tells which version. */
const SCALAR = fileURLToPath(new URL('../../resources/scalar/standalone.js', import.meta.url))

/** What would reach beyond this server is off: fonts, the request proxy, telemetry, the assistant. */
const CONFIGURATION = {
  url: '/openapi.json',
  withDefaultFonts: false,
  proxyUrl: '',
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  externalUrls: { dashboardUrl: '', registryUrl: '', proxyUrl: '', apiBaseUrl: '' },
  showDeveloperTools: 'never',
  hideClientButton: true,
}

/**
 * Nothing but this server's own script runs, and nothing is asked of anyone else. Scalar writes its styles into the page
 * as it goes.
 */
export const DOCS_POLICY = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'unsafe-inline'`,
  `img-src 'self' data: blob:`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ')

export interface Docs {
  page: string
  script: Buffer
  /** The same, as most browsers take it. */
  gzippedScript: Buffer
}

let docs: Promise<Docs> | null = null

/** The page that shows the OpenAPI document, and its script; they are made once. */
export function readDocs(): Promise<Docs> {
  docs ??= makeDocs()
  return docs
}

async function makeDocs(): Promise<Docs> {
  const script = await readFile(SCALAR)
  const version = createHash('sha256').update(script).digest('hex').slice(0, 16)
  return {
    page: pageWith(`/docs/scalar.js?v=${version}`),
    script,
    gzippedScript: await promisify(gzip)(script),
  }
}

function pageWith(scriptUrl: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>PicFast API</title>
    <link rel="icon" href="data:," />
  </head>
  <body>
    <noscript>This page needs JavaScript. What it shows is at <a href="/openapi.yaml">/openapi.yaml</a>.</noscript>
    <script id="api-reference" data-configuration="${escapeHtml(JSON.stringify(CONFIGURATION))}"></script>
    <script src="${scriptUrl}"></script>
  </body>
</html>
`
}
