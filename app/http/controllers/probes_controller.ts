import type { HttpContext } from '@adonisjs/core/http'
import { conditionOf } from '#http/health'
import { webServices } from '#start/web_services'

/** What those ask who start and stop web servers; no limit of rates counts them. */
export default class ProbesController {
  /** Asks nothing: starting a web server anew mends nothing that it depends on. */
  live({ response }: HttpContext) {
    response.send({ status: 'ok' })
  }

  /** Without its database a web server has little to answer; what else may be down leaves it much. */
  async ready({ response }: HttpContext) {
    const database = await conditionOf(webServices().healthChecks.database)
    response.status(database === 'ok' ? 200 : 503).send({ status: database })
  }
}
