import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import type { HttpContext } from '@adonisjs/core/http'
import { answerFile, cacheControlFor, type ServedFile } from '#http/file_answer'
import type { ByteRange } from '#http/file_conditions'
import { downloadName, originalFile, repeatableFor, requestedImage } from '#http/requested_image'
import { readVariantRequest } from '#http/variant_request'
import { FORMATS } from '#imaging/formats'
import { findSiteSettings } from '#read_models/site_settings_queries'
import type { StoredImageView } from '#read_models/views'
import type { CachedVariant } from '#storage/variant_cache'
import { webServices } from '#start/web_services'

/** Thirty days. */
const KEPT_SECONDS = 2_592_000
/** An original that stands in for a variant that may be made another time. */
const STAND_IN_SECONDS = 60

const ADDRESS = /^(?<key>[^.]*)\.(?<extension>[^@]*)@(?<request>.*)$/s

/** Images in another size or format, made on the fly. */
export default class VariantsController {
  async show(ctx: HttpContext) {
    const {
      key = '',
      extension = '',
      request = '',
    } = ADDRESS.exec(String(ctx.request.param('variant')))?.groups ?? {}
    const [{ image, admission }, settings] = await Promise.all([
      requestedImage(ctx, { key, extension }),
      findSiteSettings(),
    ])
    const options = readVariantRequest(request, settings)
    const found = await webServices().variants.find(image, options, ctx.request.header('accept'))
    const { isPublic, views } = admission
    const { expiresAt } = image
    const isForNow = 'original' in found && found.original === 'for now'
    const file =
      'variant' in found ? variantFile(ctx, image, found.variant) : originalFile(ctx, image)
    await answerFile(ctx, {
      ...file,
      cacheControl: cacheControlFor(
        { isPublic, expiresAt },
        isForNow ? STAND_IN_SECONDS : KEPT_SECONDS
      ),
      views,
      ...(options.format === 'auto'
        ? { varies: 'Accept' }
        : { repeatable: repeatableFor(ctx, image, admission) }),
    })
  }
}

function variantFile(
  ctx: HttpContext,
  image: StoredImageView,
  { hash, extension, size, content }: CachedVariant
): Omit<ServedFile, 'cacheControl'> {
  return {
    etag: `"${hash}"`,
    lastModified: new Date(image.createdAt),
    size,
    mimetype: FORMATS[extension].mimetype,
    proxied: typeof content === 'string' ? webServices().proxiedFiles.headerFor(content) : null,
    downloadName: downloadName(ctx, image, extension),
    open: async (range) => open(content, range),
  }
}

function open(content: Buffer | string, range: ByteRange | null): Readable | Buffer {
  if (typeof content === 'string') {
    return createReadStream(content, range ?? {})
  }
  return range === null ? content : content.subarray(range.start, range.end + 1)
}
