import type { HttpContext } from '@adonisjs/core/http'
import { isAdmin } from '#auth/identity'
import { success } from '#http/envelope'
import { E_NOT_VISIBLE_YET } from '#http/errors'
import { jsonBody } from '#http/json_body'
import { pageOfItems } from '#http/pages'
import { commandContextOf } from '#http/request_context'
import { idParam } from '#http/route_params'
import { transformAlbum } from '#http/transformers/album_transformer'
import { createAlbumValidator, updateAlbumValidator } from '#http/validators/album_validator'
import { pageOf, pageValidator } from '#http/validators/page_validator'
import { findAlbum, listAlbums } from '#read_models/album_queries'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

export default class AlbumsController {
  async index(ctx: HttpContext) {
    const request = pageOf(await pageValidator.validate(ctx.request.qs()))
    const { items, total } = await listAlbums(ctx.auth.getUserOrFail().accountId, request)
    const page = pageOfItems(items.map(transformAlbum), total, request)
    webServices().keptAnswers.answerAndKeep(ctx, success(page))
  }

  async store(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const { name, intro = '' } = await createAlbumValidator.validate(jsonBody(ctx))
    const ownerId = identity.accountId
    const { albumId, position } = await services().handlers.album.createAlbum(
      { ownerId, name, intro },
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, ['albums', 'usage'])
    const now = new Date().toISOString()
    const made = { albumId, ownerId, name, intro, imageNum: 0, createdAt: now, updatedAt: now }
    ctx.response.status(201)
    return success(transformAlbum((await findAlbum(albumId)) ?? made), 'Created')
  }

  async update(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const albumId = idParam(ctx)
    const change = await updateAlbumValidator.validate(jsonBody(ctx))
    const { position } = await services().handlers.album.changeAlbum(
      { albumId, requesterId: identity.accountId, isAdmin: isAdmin(identity), ...change },
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, ['albums'])
    const album = await findAlbum(albumId)
    if (album === null) {
      throw new E_NOT_VISIBLE_YET()
    }
    return success(transformAlbum({ ...album, ...change }), 'Saved')
  }

  async destroy(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const { position } = await services().handlers.album.deleteAlbum(
      { albumId: idParam(ctx), requesterId: identity.accountId, isAdmin: isAdmin(identity) },
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, ['albums', 'images', 'usage'])
    return success(null, 'Deleted: its images stay')
  }
}
