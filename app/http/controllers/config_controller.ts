import type { HttpContext } from '@adonisjs/core/http'
import { mailIsConfigured } from '#config/mail'
import { readBuildInfo } from '#http/build_info'
import { success } from '#http/envelope'
import { isSetUp } from '#http/set_up'
import { siteUrl } from '#http/site_url'
import { transformConfig } from '#http/transformers/site_settings_transformer'
import { findDefaultGroup } from '#read_models/group_queries'
import { findSiteSettings } from '#read_models/site_settings_queries'
import { uploadRulesOf } from '#read_models/upload_rules'

/** What clients and the sign-in page need to know of the site. */
export default class ConfigController {
  async handle(ctx: HttpContext) {
    const [settings, group, setUp, baseUrl, { githubUrl }] = await Promise.all([
      findSiteSettings(),
      findDefaultGroup(),
      isSetUp(),
      siteUrl(ctx),
      readBuildInfo(),
    ])
    const rules = uploadRulesOf(group?.configs ?? {})
    return success(
      transformConfig(settings, {
        baseUrl,
        mailIsReady: mailIsConfigured(),
        maxUploadBytes: rules.maxFileBytes,
        acceptedExtensions: rules.acceptedExtensions,
        githubUrl,
        setupRequired: !setUp,
      })
    )
  }
}
