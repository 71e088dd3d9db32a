import { createHash } from 'node:crypto'
import type { HttpContext } from '@adonisjs/core/http'
import { E_NOT_FOUND } from '#http/errors'
import { answerFile, cacheControlFor } from '#http/file_answer'
import { admissionTo, openShareOf } from '#http/image_access'
import { originalFile, repeatableFor, requestedImage } from '#http/requested_image'
import { viewerOf } from '#http/visitor'
import { findStoredImageById, findStoredImageByMd5 } from '#read_models/image_queries'
import type { StoredImageView } from '#read_models/views'
import { webServices } from '#start/web_services'

/** The bytes themselves. */
export default class FilesController {
  async show(ctx: HttpContext) {
    const [key = '', extension = ''] = String(ctx.request.param('file')).split('.')
    const { image, admission } = await requestedImage(ctx, { key, extension })
    const { isPublic, views } = admission
    const { expiresAt } = image
    await answerFile(ctx, {
      ...originalFile(ctx, image),
      cacheControl: cacheControlFor({ isPublic, expiresAt }),
      views,
      repeatable: repeatableFor(ctx, image, admission),
    })
  }

  async thumbnail(ctx: HttpContext) {
    const { hotObjects, proxiedFiles, thumbnails } = webServices()
    const [md5 = ''] = String(ctx.request.param('file')).split('.')
    const image =
      (await findStoredImageByMd5(md5, await viewerOf(ctx))) ?? (await sharedImage(ctx, md5))
    if (image === null) {
      throw new E_NOT_FOUND()
    }
    const { isPublic, views } = await admissionTo(ctx, image)
    const { store, object, mimetype } = await thumbnails.find(image)
    const { key, lastModified, size } = object
    const { expiresAt, sha256, strategyId } = image
    await answerFile(ctx, {
      etag: `"${createHash('sha256').update(`${sha256} ${key}`).digest('hex')}"`,
      lastModified,
      size,
      mimetype,
      cacheControl: cacheControlFor({ isPublic, expiresAt }),
      views,
      proxied: proxiedFiles.headerFor(store.localPath(key)),
      open: (range) => hotObjects.open({ store, strategyId, key, size }, range),
    })
  }
}

/** The image of a shared link, when its bytes have this hash. */
async function sharedImage(ctx: HttpContext, md5: string): Promise<StoredImageView | null> {
  const share = await openShareOf(ctx)
  const image = share && (await findStoredImageById(share.imageId))
  return image?.md5 === md5 ? image : null
}
