import type { HttpContext } from '@adonisjs/core/http'
import { E_ACCOUNT_FROZEN } from '#auth/errors'
import { hasScope, isAdmin } from '#auth/identity'
import type { Viewer } from '#read_models/image_queries'

const NOBODY: Viewer = { accountId: null, isAdmin: false }

/**
 * Who looks at a file. Credentials are not needed there, so that bad ones are as good as none, and those of a frozen
 * account or of a token that may not read too.
 */
export async function viewerOf(ctx: HttpContext): Promise<Viewer> {
  if (ctx.request.header('authorization') === undefined) {
    return NOBODY
  }
  try {
    if (!(await ctx.auth.checkUsing(['session', 'apiToken']))) {
      return NOBODY
    }
  } catch (error) {
    if (error instanceof E_ACCOUNT_FROZEN) {
      return NOBODY
    }
    throw error
  }
  const identity = ctx.auth.getUserOrFail()
  return hasScope(identity, 'read')
    ? { accountId: identity.accountId, isAdmin: isAdmin(identity) }
    : NOBODY
}
