import { rm } from 'node:fs/promises'
import type { AccountEvent } from '#domain/account/events'
import { evolveAccount, type Account } from '#domain/account/state'
import { streams } from '#domain/streams'
import { loadState } from '#handlers/load_state'
import { jobContext } from '#jobs/job_context'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import type { ObjectStore } from '#storage/object_store'
import { writeArchive } from './export_archive.ts'
import { ExportContents } from './export_contents.ts'
import { accountIdOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'
import { strategyOf } from './strategy_settings.ts'

/** How long an archive is given out. */
const KEPT_MILLISECONDS = 24 * 60 * 60 * 1000

/** Makes the archives that people ask for, and takes away those that were withdrawn. */
export class ExportsWorker implements Processor {
  readonly queue = 'exports'
  readonly #ports: WorkerPorts

  constructor(ports: WorkerPorts) {
    this.#ports = ports
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      const [cause] = await this.#ports.eventStore.readAt([assignment.eventPosition])
      if (cause?.type === 'account.export_withdrawn') {
        const { strategy_id: strategyId, object_key: key } = cause.data
        await (await this.#storeOf(strategyId)).delete(key)
      } else {
        await this.#make(assignment)
      }
    }
  }

  async giveUp(work: Assignment): Promise<void> {
    await this.#ports.handlers.account.recordExportFailure(
      { accountId: accountIdOf(work.payload) },
      jobContext(work, 'failed')
    )
  }

  /** Its key follows from who caused it, so that another run takes the place of one that broke off. */
  async #make(assignment: Assignment): Promise<void> {
    const accountId = accountIdOf(assignment.payload)
    const account = await this.#load(accountId)
    const objectKey = `exports/${assignment.eventId}.zip`
    if (account?.export.state === 'ready' && account.export.objectKey === objectKey) {
      return
    }
    const strategyId = await this.#strategyFor(account?.groupId ?? 0)
    const store = await this.#storeOf(strategyId)
    if (account === null || account.deleted || account.export.state !== 'pending') {
      await store.delete(objectKey)
      return
    }
    const sizeBytes = await this.#write(store, objectKey, accountId)
    const { events } = await this.#ports.handlers.account.recordExport(
      {
        accountId,
        strategyId,
        objectKey,
        sizeBytes,
        expiresAt: new Date(Date.now() + KEPT_MILLISECONDS).toISOString(),
      },
      jobContext(assignment, 'made')
    )
    if (events.length === 0) {
      await store.delete(objectKey)
    }
  }

  async #write(store: ObjectStore, objectKey: string, accountId: number): Promise<number> {
    const path = await store.temporaryPath()
    try {
      const size = await writeArchive(path, new ExportContents(this.#ports, accountId).parts())
      await store.commitFile(path, objectKey)
      return size
    } finally {
      await rm(path, { force: true })
    }
  }

  async #storeOf(strategyId: number): Promise<ObjectStore> {
    return this.#ports.objectStores.get(await strategyOf(this.#ports.pool, strategyId))
  }

  /** Where the group's images go, or else the oldest storage that there is. */
  async #strategyFor(groupId: number): Promise<number> {
    const { rows } = await this.#ports.pool.query<{ strategy_id: string }>(
      `select s.strategy_id from read.strategies s
       left join read.groups g on g.group_id = $1
       order by array_position(g.strategy_ids, s.strategy_id), s.strategy_id limit 1`,
      [groupId]
    )
    const [row] = rows
    if (row === undefined) {
      throw new Error('There is no storage that an archive could lie in')
    }
    return Number(row.strategy_id)
  }

  #load(accountId: number): Promise<Account | null> {
    return loadState<Account>(
      this.#ports.eventStore,
      streams.account(accountId),
      (state, event: AccountEvent) => evolveAccount(state, event)
    )
  }
}
