import type { HttpContext } from '@adonisjs/core/http'
import { mailIsConfigured } from '#config/mail'
import { success } from '#http/envelope'
import { jsonBody } from '#http/json_body'
import { commandContextOf } from '#http/request_context'
import { transformSiteSettings } from '#http/transformers/site_settings_transformer'
import { siteSettingsValidator } from '#http/validators/site_settings_validator'
import { findSiteSettings, forgetSiteSettings } from '#read_models/site_settings_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** What holds for the whole site. */
export default class SiteSettingsController {
  async show() {
    return success(transformSiteSettings(await findSiteSettings(), mailIsConfigured()))
  }

  async update(ctx: HttpContext) {
    const changes = await siteSettingsValidator.validate(jsonBody(ctx))
    const given = Object.entries(changes).filter(([, value]) => value !== undefined)
    const { position } = await services().handlers.site.changeSettings(
      Object.fromEntries(given),
      commandContextOf(ctx, ctx.auth.getUserOrFail())
    )
    await webServices().readModels.waitFor(position, ['site_settings'])
    forgetSiteSettings()
    webServices().hotAnswers.clear()
    return success(
      transformSiteSettings({ ...(await findSiteSettings()), ...changes }, mailIsConfigured()),
      'Saved'
    )
  }
}
