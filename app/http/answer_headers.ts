/** What the API answers depends on who asks and when: no cache may keep it, and no browser guess what it is. */
export const PRIVATE_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
} as const
