import type { HttpContext } from '@adonisjs/core/http'
import { configSummary } from '#http/config_summary'
import { success } from '#http/envelope'
import { summarize } from '#http/observability'
import { siteUrl } from '#http/site_url'
import { webServices } from '#start/web_services'

/** How the site is doing, for its administrators. */
export default class ObservabilityController {
  async summary(ctx: HttpContext) {
    const [summary, baseUrl] = await Promise.all([
      summarize(webServices().observability),
      siteUrl(ctx),
    ])
    return success({ ...summary, config: await configSummary(baseUrl) })
  }
}
