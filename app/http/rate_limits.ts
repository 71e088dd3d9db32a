import type { HttpContext } from '@adonisjs/core/http'
import { apiRequestsPerMinute, limitsRates } from '#config/rate_limits'
import { normalizeEmail } from '#domain/values'
import { webServices } from '#start/web_services'
import { addressBlock } from './client_address.ts'
import { TooManyRequestsError } from './errors.ts'
import type { Allowance, Rate } from './rate_limiter.ts'

/** A rate, and whom it is counted for; a request that `by` answers `null` to is not counted. */
interface RateRule extends Rate {
  by(ctx: HttpContext): string | null
}

const MINUTE = 60

const address = ({ request }: HttpContext) => `address:${addressBlock(request.ip())}`

/** The account that is named, whether or not it exists. */
const email = ({ request }: HttpContext) => {
  const given: unknown = request.body()['email']
  return typeof given === 'string' ? `email:${normalizeEmail(given)}` : null
}

const accountSubject = (accountId: number) => `account:${accountId}`

const account = ({ auth }: HttpContext) =>
  auth.user === undefined ? null : accountSubject(auth.user.accountId)

const visitor = (ctx: HttpContext) => (account(ctx) === null ? address(ctx) : null)

const caller = (ctx: HttpContext) => account(ctx) ?? address(ctx)

/**
 * Every limit by its name, for `middleware.limit('…')`. The rules of one are taken in their order, and none after the
 * first that refuses: who is refused for their address uses up no tries of somebody's account.
 */
export const RATE_LIMITS = {
  'login': [
    { tries: 5, seconds: MINUTE, by: address },
    { tries: 5, seconds: MINUTE, by: email },
  ],
  /** Each try checks a password. */
  'delete-account': [{ tries: 5, seconds: MINUTE, by: account }],
  /** Each reads all of an account's images. */
  'export': [{ tries: 10, seconds: 60 * MINUTE, by: account }],
  'register': [{ tries: 10, seconds: 10 * MINUTE, by: address }],
  'setup': [{ tries: 10, seconds: MINUTE, by: address }],
  'refresh': [{ tries: 60, seconds: MINUTE, by: address }],
  'verify-email': [{ tries: 10, seconds: MINUTE, by: address }],
  'resend-verification': [
    { tries: 3, seconds: 10 * MINUTE, by: address },
    { tries: 3, seconds: 10 * MINUTE, by: email },
  ],
  'forgot-password': [
    { tries: 3, seconds: 10 * MINUTE, by: address },
    { tries: 3, seconds: 10 * MINUTE, by: email },
  ],
  'reset-password': [{ tries: 10, seconds: 10 * MINUTE, by: address }],
  /** Uploads by visitors and by tools; what a group allows is counted beside this. */
  'upload': [
    { tries: 60, seconds: MINUTE, by: visitor },
    { tries: 600, seconds: MINUTE, by: account },
  ],
  /** Deletion links work without credentials. */
  'deletion-link': [{ tries: 30, seconds: MINUTE, by: address }],
  /** All of the API together. */
  'api': [{ tries: apiRequestsPerMinute, seconds: MINUTE, by: caller }],
} as const satisfies Record<string, readonly RateRule[]>

export type RateLimitName = keyof typeof RATE_LIMITS

/**
 * Counts a request against a limit, and says in the answer's headers what is left by the rule that is nearest its end.
 *
 * @throws TooManyRequestsError
 */
export async function limitRequest(ctx: HttpContext, name: RateLimitName): Promise<void> {
  if (!limitsRates) {
    return
  }
  let fewest = Number.POSITIVE_INFINITY
  for (const [index, rule] of RATE_LIMITS[name].entries()) {
    const subject = rule.by(ctx)
    if (subject === null) {
      continue
    }
    const allowance = await webServices().rateLimiter.take(`${name}:${index}`, rule, subject)
    if (allowance.remaining < fewest) {
      fewest = allowance.remaining
      showAllowance(allowance, (header, value) => ctx.response.header(header, value))
    }
    if (!allowance.allowed) {
      throw new TooManyRequestsError('Too many requests', allowance.resetSeconds)
    }
  }
}

/** Counts a request of an account against the limit of all of the API, where there is no context; `null` without limits. */
export async function takeApiRequest(accountId: number): Promise<Allowance | null> {
  const [rule] = RATE_LIMITS.api
  return limitsRates
    ? webServices().rateLimiter.take('api:0', rule, accountSubject(accountId))
    : null
}

/** Says in an answer's headers what is left. */
export function showAllowance(
  { limit, remaining }: Allowance,
  setHeader: (name: string, value: number) => void
): void {
  setHeader('X-RateLimit-Limit', limit)
  setHeader('X-RateLimit-Remaining', remaining)
}
