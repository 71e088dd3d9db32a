import type { HttpContext } from '@adonisjs/core/http'
import { isAdmin } from '#auth/identity'
import { readBearer } from '#auth/bearer_header'
import type { EventType } from '#domain/catalogue'
import { within } from '#http/within'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

/** Together with the patience below within a second, also of what another process did. */
const LOOK_MILLISECONDS = 350
const PATIENCE_MILLISECONDS = 600

/** What takes an account's rights away, or may; who still has them may come again. */
const TAKING_AWAY: readonly EventType[] = [
  'account.role_changed',
  'account.frozen',
  'account.deleted',
  'account.forgotten',
]

/** Whether whoever sent a request that goes on would still be let in as an administrator. */
export type Standing = () => Promise<boolean>

/**
 * Looks into the log as well as at the account's row, which follows it a moment later: what was decided before the
 * look counts. What cannot be found out is no standing.
 */
export function standingOf(ctx: HttpContext, since: number): Standing {
  const { accountId } = ctx.auth.getUserOrFail()
  const credential = readBearer(ctx.request.header('authorization')) ?? ''

  const isStillAdmin = async () => {
    const { accessTokens, identities } = webServices()
    const claims = await accessTokens.verify(credential)
    const identity = claims === null ? null : await identities.findBySession(claims)
    return identity !== null && !identity.frozen && isAdmin(identity)
  }
  const isUnchanged = async () => {
    const options = { backwards: true, limit: 1, types: TAKING_AWAY }
    const [last] = await services().eventStore.readStream(`account-${accountId}`, options)
    return last === undefined || last.position <= since
  }
  return async () => {
    const looks = () => Promise.all([isStillAdmin(), isUnchanged()])
    const answers = await within(PATIENCE_MILLISECONDS, looks).catch(() => [false])
    return answers.every(Boolean)
  }
}

/** Looks again and again whether the standing holds, and ends what hangs on it when it does not. */
export function endWithStanding(standing: Standing, ending: AbortController): void {
  const look = async () => {
    if (!(await standing())) {
      ending.abort()
    }
    if (!ending.signal.aborted) {
      timer = setTimeout(() => void look(), LOOK_MILLISECONDS)
    }
  }
  let timer = setTimeout(() => void look(), LOOK_MILLISECONDS)
  ending.signal.addEventListener('abort', () => clearTimeout(timer))
}
