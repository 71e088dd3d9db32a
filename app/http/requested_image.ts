import type { HttpContext } from '@adonisjs/core/http'
import type { StoredImageView } from '#read_models/views'
import { webServices } from '#start/web_services'
import { E_NOT_FOUND } from './errors.ts'
import type { ServedFile } from './file_answer.ts'
import { admissionTo, type Admission } from './image_access.ts'

/**
 * The image that a file's address names, and on what terms it is shown.
 *
 * @throws E_NOT_FOUND also for one that whoever asks may not see
 */
export async function requestedImage(
  ctx: HttpContext,
  { key, extension }: { key: string; extension: string }
): Promise<{ image: StoredImageView; admission: Admission }> {
  const image = await webServices().servedImages.find(key)
  if (image === null || image.extension !== extension) {
    throw new E_NOT_FOUND()
  }
  return { image, admission: await admissionTo(ctx, image) }
}

/** An image's stored bytes, as they are to be served. */
export function originalFile(
  ctx: HttpContext,
  image: StoredImageView
): Omit<ServedFile, 'cacheControl'> {
  const { hotObjects, proxiedFiles, stores } = webServices()
  const store = stores.get(image.strategy)
  const { mimetype, objectKey, sha256, sizeBytes, strategyId } = image
  return {
    etag: `"${sha256}"`,
    lastModified: new Date(image.createdAt),
    size: sizeBytes,
    mimetype,
    proxied: proxiedFiles.headerFor(store.localPath(objectKey)),
    downloadName: downloadName(ctx, image, image.extension),
    open: (range) => hotObjects.open({ store, strategyId, key: objectKey, size: sizeBytes }, range),
  }
}

/** Lets an answer that is the same for anybody who asks for this address be given again, while the image stays as it is. */
export function repeatableFor(
  ctx: HttpContext,
  image: StoredImageView,
  { isPublic }: Admission
): ServedFile['repeatable'] {
  const { url } = ctx.request.request
  const route = ctx.route?.pattern
  return isPublic && url !== undefined && route !== undefined
    ? (headers, bytes) => webServices().hotAnswers.keep(url, { image, route, headers, bytes })
    : undefined
}

/** With `?download`, the original name, with the extension that the bytes have. */
export function downloadName(
  ctx: HttpContext,
  { originName, key }: StoredImageView,
  extension: string
): string | undefined {
  if (!('download' in ctx.request.qs())) {
    return undefined
  }
  const stem = (originName ?? key).replace(/\.[^.]{1,5}$/, '')
  return `${stem === '' ? key : stem}.${extension}`
}
