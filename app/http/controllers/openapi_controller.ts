import type { HttpContext } from '@adonisjs/core/http'
import { readBuildInfo } from '#http/build_info'
import { readOpenapiDocument, toYaml, withServer } from '#http/openapi_document'
import { siteUrl } from '#http/site_url'

interface Served {
  json: string
  yaml: string
}

/** Addresses that the site is known by; more are not kept. */
const KEPT_ADDRESSES = 20

const served = new Map<string, Promise<Served>>()

/** The OpenAPI document, for tools anywhere: its address is this server's. */
export default class OpenapiController {
  async yaml(ctx: HttpContext) {
    const { yaml } = await documentAt(await siteUrl(ctx))
    ctx.response.header('Access-Control-Allow-Origin', '*')
    ctx.response.header('Content-Type', 'application/yaml; charset=utf-8').send(yaml)
  }

  async json(ctx: HttpContext) {
    const { json } = await documentAt(await siteUrl(ctx))
    ctx.response.header('Access-Control-Allow-Origin', '*')
    ctx.response.header('Content-Type', 'application/json; charset=utf-8').send(json)
  }
}

function documentAt(url: string): Promise<Served> {
  const known = served.get(url)
  if (known !== undefined) {
    return known
  }
  if (served.size >= KEPT_ADDRESSES) {
    served.clear()
  }
  const made = makeDocument(url)
  served.set(url, made)
  return made
}

async function makeDocument(url: string): Promise<Served> {
  const [document, { version }] = await Promise.all([readOpenapiDocument(), readBuildInfo()])
  const complete = withServer(document, url, version)
  return { json: JSON.stringify(complete), yaml: toYaml(complete) }
}
