import type { HttpContext } from '@adonisjs/core/http'
import { appUrl } from '#config/app'
import { readBuildInfo } from '#http/build_info'
import { readOpenapiDocument, toYaml, withServer } from '#http/openapi_document'

interface Served {
  json: string
  yaml: string
}

let served: Promise<Served> | undefined

/** The OpenAPI document, for tools anywhere: its address is this server's. */
export default class OpenapiController {
  async yaml({ response }: HttpContext) {
    const { yaml } = await this.#document()
    response.header('Access-Control-Allow-Origin', '*')
    response.header('Content-Type', 'application/yaml; charset=utf-8').send(yaml)
  }

  async json({ response }: HttpContext) {
    const { json } = await this.#document()
    response.header('Access-Control-Allow-Origin', '*')
    response.header('Content-Type', 'application/json; charset=utf-8').send(json)
  }

  #document(): Promise<Served> {
    served ??= makeDocument()
    return served
  }
}

async function makeDocument(): Promise<Served> {
  const [document, { version }] = await Promise.all([readOpenapiDocument(), readBuildInfo()])
  const complete = withServer(document, appUrl, version)
  return { json: JSON.stringify(complete), yaml: toYaml(complete) }
}
