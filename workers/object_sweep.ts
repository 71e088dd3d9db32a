import { objectKeyClaim } from '#domain/guards'
import { BackgroundLoop } from '#jobs/background_loop'
import { ObjectReservations, type ObjectName } from '#storage/object_reservations'
import type { WorkerPorts } from './ports.ts'
import { strategyOf } from './strategy_settings.ts'

/** An upload ends within minutes, one way or the other. */
export const LEFT_BEHIND_MILLISECONDS = 24 * 60 * 60 * 1_000
const PAUSE_MILLISECONDS = 10 * 60 * 1_000
const PAGE = 100

type SweepPorts = Pick<WorkerPorts, 'pool' | 'eventStore' | 'objectStores'>
type Warn = (message: string, error: unknown) => void

/** Takes away what uploads have left behind that broke off: objects that the log does not know, and temporary files. */
export class ObjectSweep {
  readonly #ports: SweepPorts
  readonly #reservations: ObjectReservations
  readonly #warn: Warn
  readonly #loop: BackgroundLoop

  constructor(ports: SweepPorts, warn: Warn) {
    this.#ports = ports
    this.#reservations = new ObjectReservations(ports.pool)
    this.#warn = warn
    this.#loop = new BackgroundLoop({
      step: () => this.sweep(LEFT_BEHIND_MILLISECONDS),
      pauseMs: PAUSE_MILLISECONDS,
      failed: (error) => warn('The sweep of objects waits for the database', error),
    })
  }

  start(): void {
    this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
  }

  /** Sweeps a page of what is older; true when there may be more. */
  async sweep(olderThanMs: number): Promise<boolean> {
    const names = await this.#reservations.leftBehind(olderThanMs, PAGE)
    let swept = 0
    for (const name of names) {
      swept += (await this.#trying(() => this.#settle(name))) ? 1 : 0
    }
    for (const strategyId of await this.#strategyIds()) {
      await this.#trying(async () => (await this.#storeOf(strategyId)).sweepTemporary(olderThanMs))
    }
    return names.length === PAGE && swept > 0
  }

  /** A name that the log knows is an image's; what lies under another is nobody's. */
  async #settle(name: ObjectName): Promise<void> {
    const { strategyId, objectKey } = name
    const claim = objectKeyClaim(strategyId, objectKey)
    if ((await this.#ports.eventStore.findClaim('object_key', claim)) === null) {
      await (await this.#storeOf(strategyId)).delete(objectKey)
    }
    await this.#reservations.release(name)
  }

  async #storeOf(strategyId: number) {
    return this.#ports.objectStores.get(await strategyOf(this.#ports.pool, strategyId))
  }

  async #strategyIds(): Promise<number[]> {
    const { rows } = await this.#ports.pool.query<{ strategy_id: string }>(
      'select strategy_id from read.strategies'
    )
    return rows.map(({ strategy_id: id }) => Number(id))
  }

  /** A storage that is away does not keep the others from being swept. */
  async #trying(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      this.#warn('What uploads have left behind could not be swept', error)
      return false
    }
  }
}
