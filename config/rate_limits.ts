import env from '#start/env'

/** Whether rates are limited at all. */
export const limitsRates = env.get('RATE_LIMITS', 'on') === 'on'

/** Requests to the API that an account, or an address without one, may send in a minute. */
export const apiRequestsPerMinute = env.get('API_RATE_LIMIT', 1_200)
