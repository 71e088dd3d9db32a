import type { HttpContext } from '@adonisjs/core/http'
import { reportHealth } from '#http/health'
import { webServices } from '#start/web_services'

export default class HealthController {
  async handle({ response }: HttpContext) {
    const report = await reportHealth(webServices().healthChecks)
    response.status(report.status === 'ok' ? 200 : 503).send(report)
  }
}
