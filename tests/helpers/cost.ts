/** What a piece of work costs this process: seconds of all its threads, and bytes beyond what it ever held before. */
export async function costOf<Result>(
  work: () => Promise<Result>
): Promise<{ result: Result; cpuSeconds: number; extraBytes: number }> {
  const before = process.cpuUsage()
  const peakBefore = process.resourceUsage().maxRSS
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return {
    result,
    cpuSeconds: (user + system) / 1e6,
    extraBytes: (process.resourceUsage().maxRSS - peakBefore) * 1024,
  }
}
