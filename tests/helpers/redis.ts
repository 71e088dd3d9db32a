let next = 0

/** An address of the tests' Redis with a numbered database of its own; there are 1,000. */
export function testRedisUrl(): string {
  const url = process.env.TEST_REDIS_URL
  if (url === undefined) {
    throw new Error('Run the tests with "npm test": it starts the Redis they need')
  }
  next += 1
  const address = new URL(url)
  address.pathname = `/${next}`
  return address.href
}
