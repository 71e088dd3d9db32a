import type { HttpContext } from '@adonisjs/core/http'
import { isAdmin } from '#auth/identity'
import { success } from '#http/envelope'
import { E_NOT_FOUND } from '#http/errors'
import { jsonBody } from '#http/json_body'
import { uploadContextOf } from '#http/request_context'
import { idParam } from '#http/route_params'
import { siteUrl } from '#http/site_url'
import { transformImageImport } from '#http/transformers/image_import_transformer'
import { importImageValidator } from '#http/validators/image_import_validator'
import { findImageImport } from '#read_models/image_import_queries'
import { findImage } from '#read_models/image_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** Images that are fetched from elsewhere, by a worker. */
export default class ImageImportsController {
  async store(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const { url, ...wishes } = await importImageValidator.validate(jsonBody(ctx))
    const { readModels, remoteFiles, uploads } = webServices()
    remoteFiles.check(url)
    const context = uploadContextOf(ctx, identity)
    const counted = await uploads.admit({ identity, context }, wishes)
    try {
      const { importId, position } = await services().handlers.imageImport.requestImport(
        {
          ownerId: identity.accountId,
          url,
          wishes: {
            album_id: wishes.album_id ?? null,
            permission: wishes.permission ?? null,
            expires_in: wishes.expires_in ?? null,
            strategy_id: wishes.strategy_id ?? null,
          },
        },
        context
      )
      await readModels.waitFor(position, ['image_imports'])
      const found = await findImageImport(importId)
      const requested = found ?? {
        importId,
        ownerId: identity.accountId,
        status: 'pending' as const,
        key: null,
        code: null,
        createdAt: new Date().toISOString(),
        settledAt: null,
      }
      ctx.response.status(202).header('Location', `/api/v1/imports/${importId}`)
      return success(transformImageImport(requested, null, await siteUrl(ctx)), 'Accepted')
    } catch (error) {
      await counted.refund()
      throw error
    }
  }

  async show(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const found = await findImageImport(idParam(ctx))
    if (found === null || !(found.ownerId === identity.accountId || isAdmin(identity))) {
      throw new E_NOT_FOUND()
    }
    const image = found.key === null ? null : await findImage(found.key)
    return success(transformImageImport(found, image, await siteUrl(ctx)))
  }
}
