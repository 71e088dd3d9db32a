const TRIES = 3

/**
 * What a piece of work costs this process: seconds of all its threads, and bytes beyond what it ever held before. It is
 * done three times and the cheapest counts: what else the process does in the meantime only adds.
 */
export async function costOf<Result>(
  work: () => Promise<Result>
): Promise<{ result: Result; cpuSeconds: number; extraBytes: number }> {
  const peakBefore = process.resourceUsage().maxRSS
  const first = await secondsOf(work)
  const extraBytes = (process.resourceUsage().maxRSS - peakBefore) * 1024
  let cpuSeconds = first.cpuSeconds
  for (let again = 1; again < TRIES; again++) {
    cpuSeconds = Math.min(cpuSeconds, (await secondsOf(work)).cpuSeconds)
  }
  return { result: first.result, cpuSeconds, extraBytes }
}

async function secondsOf<Result>(work: () => Promise<Result>) {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, cpuSeconds: (user + system) / 1e6 }
}
