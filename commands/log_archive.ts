import { resolve } from 'node:path'
import { BaseCommand } from '@adonisjs/core/ace'
import { archiveTitle } from '#event_store/archive_reader'
import type { ArchivePlace } from '#event_store/archive_store'
import { archiveLog } from '#maintenance/archive_log'
import { planArchive } from '#maintenance/archive_plan'
import { tellMaintenanceError } from '#maintenance/errors'
import { withServices } from '#start/console_services'
import { PartsProgress } from '#start/maintenance'

const STRATEGY = /^strategy:(\d+)$/

export default class LogArchive extends BaseCommand {
  static override commandName = 'log:archive'
  static override description =
    'Say which partitions of the log can be put away, and with --apply do so, while the site runs'
  static override options = { startApp: true }

  declare to: string
  declare through?: number
  declare keep?: number
  declare apply: boolean

  static {
    this.defineFlag('to', {
      type: 'string',
      required: true,
      description:
        'A folder that every process of the site reaches, or strategy:ID for a storage strategy',
    })
    this.defineFlag('through', {
      type: 'number',
      description: 'Put away what ends at this position or before it',
    })
    this.defineFlag('keep', {
      type: 'number',
      description: 'Put away all full partitions but so many of the newest',
    })
    this.defineFlag('apply', { type: 'boolean', description: 'Do it, instead of looking only' })
  }

  override async run() {
    const limits = [this.through, this.keep].filter((limit) => limit !== undefined)
    if (
      limits.length !== 1 ||
      !limits.every((limit) => Number.isSafeInteger(limit) && limit >= 0)
    ) {
      this.logger.error(
        'Say how much: --through with a position, or --keep with a number of partitions'
      )
      this.exitCode = 1
      return
    }
    const place = placeOf(this.to)
    await withServices(async ({ config, pool, archives }) => {
      const planned = await planArchive(pool, {
        through: this.through ?? null,
        keep: this.keep ?? null,
      })
      for (const { first, last, reason } of planned) {
        this.logger.info(
          `${first}–${last} ${reason === null ? 'can be put away' : `stays: ${reason}`}`
        )
      }
      const partitions = planned.filter(({ reason }) => reason === null)
      if (!this.apply || partitions.length === 0) {
        this.logger.success(
          partitions.length === 0
            ? 'There is nothing to put away'
            : `${partitions.length} partitions: add --apply`
        )
        return
      }
      const progress = new PartsProgress(() => 'events')
      await archiveLog({
        connectionString: config.databaseUrl,
        place,
        strategies: archives,
        partitions,
        progress: progress.update,
        archived: (archive) => {
          progress.end()
          this.logger.success(
            `${archive.first}–${archive.last} is in ${archiveTitle(archive)} (${archive.bytes} bytes)`
          )
        },
      })
    })
  }

  override async completed() {
    return tellMaintenanceError(this)
  }
}

function placeOf(text: string): ArchivePlace {
  const strategy = STRATEGY.exec(text)
  return strategy === null ? { folder: resolve(text) } : { strategyId: Number(strategy[1]) }
}
