import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from '@japa/runner'
import type { Assert } from '@japa/assert'
import { checkTheBooks } from '#tests/chaos/books'
import { SeededRandom } from '#tests/chaos/random'
import { Uploader } from '#tests/chaos/uploader'
import { hasNginx } from '#tests/helpers/nginx'
import { waitFor } from '#tests/helpers/wait_for'
import { Cluster, SITE_PARTS } from './cluster.ts'
import { FAULTS, heal, inflict, planTroubles, randomMoment, type Trouble } from './faults.ts'
import { checkPictures } from './pictures.ts'
import {
  checkLimits,
  checkLiveStreams,
  checkReadYourWrites,
  checkSessions,
  checkSettings,
} from './promises.ts'
import { checkFencing, checkTakeover } from './takeover.ts'
import { setUpSite, type ClusterSite } from './site.ts'

/** Three rounds give each part each fault: `CLUSTER_ROUNDS=3`. A run is repeated with the `CLUSTER_SEED` it printed. */
const ROUNDS = Number(process.env.CLUSTER_ROUNDS ?? 1)
const FAULT_SECONDS = Number(process.env.CLUSTER_FAULT_SECONDS ?? 2)
const SEED = Number(process.env.CLUSTER_SEED ?? randomInt(2 ** 31))

const UPLOADERS = 2
const UPLOADS_BETWEEN_FAULTS = 4
/** Clients that do not wait long send the same upload again to the other web server. */
const PATIENCE_MILLISECONDS = 5_000
const RECOVERY_MILLISECONDS = 60_000
/** What a client may be told while something is wrong: that it is, by nginx or by us. */
const CLEAR_REFUSALS = [502, 503, 504]

/** What the commands for it say of the log and the read models. */
async function checkByCommand(assert: Assert, cluster: Cluster): Promise<void> {
  for (const command of ['projections:verify', 'audit:verify']) {
    const { code, output } = await cluster.ace('worker-1', command)
    assert.equal(code, 0, output)
  }
}

test.group('Cluster', (group) => {
  let cluster: Cluster
  let site: ClusterSite

  const faults = () => FAULTS.filter((fault) => fault !== 'cut off' || cluster.network.canCut)

  group.setup(async () => {
    if (hasNginx) {
      cluster = await Cluster.start()
      site = await setUpSite(cluster)
    }
    return () => cluster?.stop()
  })

  test('what one web server did holds at the other at once', async ({ assert }) => {
    await checkReadYourWrites(assert, site)
    await checkSettings(assert, site)
    // Both end all sessions of the administrator, to whom tokens are then left.
    await checkLiveStreams(assert, site, cluster.url)
    await checkSessions(assert, site)
    await checkLimits(assert, site)
  })
    .skip(!hasNginx, 'nginx is not installed')
    .timeout(60_000)

  test('read models are taken over from a projector that was killed', async ({ assert }) => {
    await checkTakeover(assert, cluster, site)
  })
    .skip(!hasNginx, 'nginx is not installed')
    .timeout(120_000)

  test('one that freezes or is cut off in the middle of a batch loses it', async ({ assert }) => {
    for (const fault of faults()) {
      await checkFencing(assert, cluster, site, fault)
    }
  })
    .skip(!hasNginx, 'nginx is not installed')
    .timeout(120_000)

  test(`machines that die, freeze or are cut off lose nothing (CLUSTER_SEED=${SEED})`, async ({
    assert,
  }) => {
    const random = new SeededRandom(SEED)
    const uploaders = Array.from(
      { length: UPLOADERS },
      (_, index) =>
        new Uploader(
          cluster.url,
          site.byToken.token ?? '',
          index * 1_000_000,
          PATIENCE_MILLISECONDS
        )
    )
    uploaders.forEach((uploader) => uploader.start())
    const acknowledged = () => uploaders.flatMap((uploader) => uploader.acknowledged)
    const uploadsGoOn = async (when: string) => {
      const wanted = acknowledged().length + UPLOADS_BETWEEN_FAULTS
      await waitFor(() => acknowledged().length >= wanted, {
        what: `uploads ${when}`,
        timeoutMs: RECOVERY_MILLISECONDS,
      })
    }
    await uploadsGoOn('at the start')

    let checked = 0
    for (const trouble of planTroubles(random, ROUNDS, faults())) {
      await randomMoment(random)
      await inflict(cluster, trouble)
      const lasting = delay(FAULT_SECONDS * 1_000)
      if (uploadsGoOnWithout(trouble)) {
        await uploadsGoOn(`while one of two has this trouble: ${JSON.stringify(trouble)}`)
      }
      await lasting
      await heal(cluster, trouble)
      await uploadsGoOn(`after ${JSON.stringify(trouble)}`)
      const now = acknowledged()
      await checkPictures(cluster, now.slice(checked))
      checked = now.length
    }

    await Promise.all(uploaders.map((uploader) => uploader.stop()))
    await checkPictures(cluster, acknowledged().slice(checked))
    const refusals = new Set(uploaders.flatMap((uploader) => uploader.refusals))
    assert.includeMembers(CLEAR_REFUSALS, [...refusals])
    await checkTheBooks(assert, cluster, acknowledged())
    await checkByCommand(assert, cluster)
  })
    .skip(!hasNginx, 'nginx is not installed')
    .timeout(0)
})

/**
 * Whether a twin of the machine takes over at once. What was given to a web server that is frozen or cut off waits until
 * the client or nginx gives it up.
 */
function uploadsGoOnWithout({ part, fault }: Trouble): boolean {
  return SITE_PARTS.some((name) => name === part) && (fault === 'kill' || !part.startsWith('web'))
}
