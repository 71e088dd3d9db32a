import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { parseDuration } from '#domain/duration'
import { DEFAULT_SITE_SETTINGS } from '#domain/site/settings'
import { SYSTEM_ACTOR, type CommandContext } from '#handlers/command_context'
import type { Handled } from '#handlers/command_runner'
import { BackgroundLoop } from '#jobs/background_loop'

const PAGE = 100
const PAUSE_MILLISECONDS = 1_000

export type Warn = (message: string, error: unknown) => void

export interface Due {
  /** Ids of what is due, at most so many. */
  due(limit: number): Promise<number[]>
  end(id: number, context: CommandContext): Promise<Handled>
}

/** Looks for what has come to its time, one page at a time, and ends it. */
export class DueSweep {
  readonly #sweep: Due
  readonly #loop: BackgroundLoop

  constructor(name: string, sweep: Due, warn: Warn) {
    this.#sweep = sweep
    this.#loop = new BackgroundLoop({
      step: () => this.sweep(),
      pauseMs: PAUSE_MILLISECONDS,
      failed: (error) => warn(`The ${name} sweep waits for the database`, error),
    })
  }

  start(): void {
    this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
  }

  /** Ends one page; true when there may be more. */
  async sweep(): Promise<boolean> {
    const due = await this.#sweep.due(PAGE)
    let ended = 0
    for (const id of due) {
      const { events } = await this.#sweep.end(id, sweepContext())
      ended += events.length
    }
    // Rows that were ended a moment ago and are still shown must not keep the sweep busy.
    return due.length === PAGE && ended > 0
  }
}

type Retention = 'deleted_image_retention' | 'deleted_account_retention'

/** The moment before which what was deleted can no longer be restored, by a setting. */
export async function restorableSince(
  pool: Pick<pg.Pool, 'query'>,
  setting: Retention
): Promise<Date> {
  const { rows } = await pool.query<{ retention: unknown }>({
    name: 'retention_setting',
    text: 'select settings -> $1::text as retention from read.site_settings',
    values: [setting],
  })
  const chosen = rows[0]?.retention ?? DEFAULT_SITE_SETTINGS[setting]
  return new Date(Date.now() - (parseDuration(String(chosen)) ?? 0))
}

function sweepContext(): CommandContext {
  return {
    actor: SYSTEM_ACTOR,
    correlationId: randomUUID(),
    causationId: null,
    ip: null,
    userAgent: null,
    source: 'worker',
  }
}
