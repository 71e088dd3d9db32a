import type { HttpContext } from '@adonisjs/core/http'
import { DomainError } from '#domain/domain_error'
import { SYSTEM_ACTOR } from '#handlers/command_context'
import { isPublic, isVisibleTo } from '#read_models/image_queries'
import { findOpenShare } from '#read_models/share_queries'
import type { ImageView, ShareView } from '#read_models/views'
import { services } from '#start/services'
import { webServices } from '#start/web_services'
import { E_NOT_FOUND } from './errors.ts'
import type { ViewRule } from './file_answer.ts'
import { viewerOf } from './visitor.ts'

/** On what terms an image is shown: the picture itself, its variants and its thumbnail alike. */
export interface Admission {
  /** Whether anybody may see it, and caches may keep it. */
  isPublic: boolean
  /** What counts as a view; `null` where nobody counts. */
  views: ViewRule | null
}

/**
 * Whether a request may see an image: because everybody may, because of who sends it, or by a shared link (`?share=…`).
 *
 * @throws E_NOT_FOUND when it may not; why is not told
 */
export async function admissionTo(ctx: HttpContext, image: ImageView): Promise<Admission> {
  if (isVisibleTo(image, await viewerOf(ctx))) {
    return { isPublic: isPublic(image), views: null }
  }
  const share = await openShareOf(ctx)
  if (share === null || share.imageId !== image.imageId) {
    throw new E_NOT_FOUND()
  }
  return { isPublic: false, views: viewRuleOf(ctx, share) }
}

/** The shared link that a request comes by, if it opens something now. */
export async function openShareOf({ request }: HttpContext): Promise<ShareView | null> {
  const token: unknown = request.qs()['share']
  const claims = typeof token === 'string' ? webServices().shareTokens.read(token) : null
  if (claims === null) {
    return null
  }
  const share = await findOpenShare(claims.shareId)
  return share?.expiresAt === claims.expiresAt ? share : null
}

/**
 * Every answer with the beginning of the picture, of whatever size, is a view. A bounded link gives no parts, which
 * could be put together to a picture without a view, and each of its views is in the log before the bytes go out.
 */
function viewRuleOf({ request }: HttpContext, { shareId, maxViews }: ShareView): ViewRule {
  if (maxViews === null) {
    return {
      wholeOnly: false,
      async count(range) {
        if (range === null || range.start === 0) {
          webServices().shareViews.count(shareId)
        }
      },
    }
  }
  return {
    wholeOnly: true,
    async count() {
      try {
        await services().handlers.share.recordViews(
          { shareId, views: 1, maxViews },
          viewContext(request.id() ?? '')
        )
      } catch (error) {
        throw error instanceof DomainError ? new E_NOT_FOUND() : error
      }
    },
  }
}

/** Who opens a shared link is not kept. */
export function viewContext(correlationId: string) {
  return {
    actor: SYSTEM_ACTOR,
    correlationId,
    causationId: null,
    ip: null,
    userAgent: null,
    source: 'api' as const,
  }
}
