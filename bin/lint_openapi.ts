import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readOpenapiDocument, toYaml, withServer } from '#http/openapi_document'

/** Lints the OpenAPI document as a server would serve it, all areas in one, by the rules of redocly.yaml. */

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'picfast-openapi-'))

try {
  const path = join(folder, 'openapi.yaml')
  const document = withServer(await readOpenapiDocument(), 'https://images.picfast.test', '0.0.0')
  await writeFile(path, toYaml(document))
  const redocly = spawn(
    join(ROOT, 'node_modules/.bin/redocly'),
    ['lint', '--config', join(ROOT, 'redocly.yaml'), path],
    {
      stdio: 'inherit',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    }
  )
  const [code]: [number | null] = (await once(redocly, 'exit')) as [number | null]
  process.exitCode = code ?? 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
