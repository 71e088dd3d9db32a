import { createHash } from 'node:crypto'
import type { Acknowledged } from '#tests/chaos/uploader'
import { waitFor } from '#tests/helpers/wait_for'
import type { Cluster } from './cluster.ts'

const RECOVERY_MILLISECONDS = 60_000

async function bytesAreAt(url: string, { url: link, sha256 }: Acknowledged): Promise<boolean> {
  const answer = await fetch(new URL(new URL(link).pathname, url)).catch(() => null)
  if (answer?.status !== 200) {
    return false
  }
  const bytes = Buffer.from(await answer.arrayBuffer())
  return createHash('sha256').update(bytes).digest('hex') === sha256
}

/** Waits until every picture is given by both web servers, byte for byte. */
export async function checkPictures(
  cluster: Cluster,
  pictures: readonly Acknowledged[]
): Promise<void> {
  for (const picture of pictures) {
    for (const web of ['web-1', 'web-2'] as const) {
      await waitFor(() => bytesAreAt(cluster.urlOf(web), picture), {
        what: `the bytes of ${picture.url} from ${web}`,
        timeoutMs: RECOVERY_MILLISECONDS,
        everyMs: 100,
      })
    }
  }
}
