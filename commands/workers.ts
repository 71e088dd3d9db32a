import { join } from 'node:path'
import { BaseCommand } from '@adonisjs/core/ace'
import { IdentityReader } from '#auth/identity_reader'
import { MailedTokens } from '#auth/mailed_tokens'
import { appUrl } from '#config/app'
import { mailIsConfigured } from '#config/mail'
import { fetchableNetworks } from '#config/remote'
import { Watermarks } from '#imaging/watermark/watermarks'
import { Workshop } from '#imaging/workshop/workshop'
import { NoMailer, SmtpMailer } from '#mail/mailer'
import { randomKeys } from '#handlers/random_keys'
import { projections } from '#projections/registry'
import type { RebuildWish } from '#projections/rebuild'
import { ProjectionRuntime } from '#projections/runtime'
import { reachableAddresses } from '#remote/reachable_addresses'
import { SafeFetch } from '#remote/safe_fetch'
import { SERVING, withServices } from '#start/console_services'
import { rebuildInThread } from '#start/rebuild_thread'
import { logWhatNobodyCaught, processLog } from '#start/process_log'
import { VariantFiles } from '#storage/variant_files'
import { checkRedis } from '#supervisor/redis'
import { untilAskedToStop } from '#supervisor/role_process'
import { stepBack } from '#supervisor/step_back'
import { ObjectReservations } from '#storage/object_reservations'
import { ImageUploads } from '#uploads/image_uploads'
import { UploadReads } from '#uploads/upload_reads'
import { JobSystem } from '#workers/job_system'
import { createProcessors } from '#workers/registry'

/** Fetched images that are not large are in memory until they are stored. */
const FETCHED_BYTES = 16 * 1024 * 1024
/** For everything that fetching an image takes; nobody waits at the other end of a request. */
const FETCHING_MILLISECONDS = 60_000

export default class Workers extends BaseCommand {
  static override commandName = 'workers'
  static override description =
    'Turn events into work and do it; any number of processes may run it'
  static override options = { startApp: true }

  override async run() {
    const stop = untilAskedToStop()
    logWhatNobodyCaught()
    stepBack('behind')
    await withServices(async ({ config, pool, eventStore, handlers, objectStores, redis }) => {
      const { databaseUrl, redisUrl } = config
      await checkRedis(redisUrl)
      const { tell, warn } = processLog('worker')
      const workshop = new Workshop()
      const ports = {
        pool,
        eventStore,
        keyRing: eventStore.keyRing,
        databaseUrl,
        handlers,
        objectStores,
        variantFiles: new VariantFiles(config),
        workshop,
        mailer: mailIsConfigured() ? await this.#smtpMailer() : new NoMailer(),
        mailedTokens: new MailedTokens(pool, config.appKey),
        appUrl,
        uploads: new ImageUploads({
          handlers,
          stores: objectStores,
          // Nobody waits for an answer that shows the image.
          readModels: { waitFor: async () => false },
          metrics: { uploadStored: () => {} },
          // An import was counted when it was asked for.
          rates: { takeUpload: async () => ({ refund: async () => {} }) },
          reservations: new ObjectReservations(pool),
          reads: new UploadReads(pool),
          memoryBytes: FETCHED_BYTES,
          keys: randomKeys,
          workshop,
          watermarks: new Watermarks({ folder: join(config.dataDir, 'cache', 'fonts') }),
        }),
        remoteFiles: new SafeFetch({
          isReachable: reachableAddresses(fetchableNetworks),
          patienceMilliseconds: FETCHING_MILLISECONDS,
        }),
        identities: new IdentityReader(pool),
        rebuild: (options: RebuildWish) => rebuildInThread(config, options),
      }
      const jobs = new JobSystem({
        ports,
        processors: createProcessors(ports),
        databaseUrl,
        redisUrl,
        redis,
        warn,
      })
      // Should the projector die, this process takes over until it is back.
      const standBy = new ProjectionRuntime({
        connectionString: databaseUrl,
        eventStore,
        projections,
        eager: false,
        warn,
      })
      jobs.start()
      standBy.start()
      tell('Working')
      await stop
      await Promise.all([jobs.stop(), standBy.stop()])
      await workshop.close()
      tell('Done working')
    }, SERVING)
  }

  async #smtpMailer() {
    const manager = await this.app.container.make('mail.manager')
    return new SmtpMailer(manager.use())
  }
}
