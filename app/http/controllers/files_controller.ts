import { createHash } from 'node:crypto'
import type { HttpContext } from '@adonisjs/core/http'
import { E_NOT_FOUND } from '#http/errors'
import { answerFile, cacheControlFor } from '#http/file_answer'
import { viewerOf } from '#http/visitor'
import {
  findStoredImage,
  findStoredImageByMd5,
  isPublic,
  isVisibleTo,
} from '#read_models/image_queries'
import { webServices } from '#start/web_services'

/** The bytes themselves. */
export default class FilesController {
  async show(ctx: HttpContext) {
    const [key = '', extension] = String(ctx.request.param('file')).split('.')
    const [image, viewer] = await Promise.all([findStoredImage(key), viewerOf(ctx)])
    if (image === null || image.extension !== extension || !isVisibleTo(image, viewer)) {
      throw new E_NOT_FOUND()
    }
    const store = webServices().stores.get(image.strategy)
    const { expiresAt, mimetype, sha256, sizeBytes } = image
    await answerFile(ctx, {
      etag: `"${sha256}"`,
      lastModified: new Date(image.createdAt),
      size: sizeBytes,
      mimetype,
      cacheControl: cacheControlFor({ isPublic: isPublic(image), expiresAt }),
      open: (range) => store.read(image.objectKey, range ?? undefined),
    })
  }

  async thumbnail(ctx: HttpContext) {
    const [md5 = ''] = String(ctx.request.param('file')).split('.')
    const image = await findStoredImageByMd5(md5, await viewerOf(ctx))
    if (image === null) {
      throw new E_NOT_FOUND()
    }
    const { store, object, mimetype } = await webServices().thumbnails.find(image)
    await answerFile(ctx, {
      etag: `"${createHash('sha256').update(`${image.sha256} ${object.key}`).digest('hex')}"`,
      lastModified: object.lastModified,
      size: object.size,
      mimetype,
      cacheControl: cacheControlFor({ isPublic: isPublic(image), expiresAt: image.expiresAt }),
      open: (range) => store.read(object.key, range ?? undefined),
    })
  }
}
