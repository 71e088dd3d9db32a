import { BaseCommand } from '@adonisjs/core/ace'
import { ProgressLine } from '#projections/progress_line'
import { Workshop } from '#imaging/workshop/workshop'
import { withServices } from '#start/console_services'
import { untilAskedToStop } from '#supervisor/role_process'
import { repairThumbnails, type ThumbnailRepairResult } from '#workers/thumbnail_repair'

export default class MaintenanceRepairThumbnails extends BaseCommand {
  static override commandName = 'maintenance:repair-thumbnails'
  static override description =
    'Make thumbnails anew that are missing from storage, had failed or have no ThumbHash'
  static override options = { startApp: true }

  declare dryRun: boolean
  declare after: number

  static {
    this.defineFlag('dryRun', { type: 'boolean', description: 'Look only, and change nothing' })
    this.defineFlag('after', {
      type: 'number',
      default: 0,
      description: 'Begin after the image with this id, as a repair that was broken off says',
    })
  }

  override async run() {
    let asked = false
    void untilAskedToStop().then(() => (asked = true))
    const line = new ProgressLine('thumbnails', { unit: 'images' })
    const workshop = new Workshop()
    const result = await withServices((services) =>
      repairThumbnails({
        ports: { ...services, workshop },
        after: this.after,
        dryRun: this.dryRun,
        progress: (looked, total) => line.update(looked, total),
        stopped: () => asked,
      })
    )
    await workshop.close()
    line.end()
    this.#tell(result, asked)
  }

  #tell({ looked, broken, repaired, failed, lastId }: ThumbnailRepairResult, brokenOff: boolean) {
    for (const { imageId, reason } of failed) {
      this.logger.warning(`Image ${imageId}: ${reason}`)
    }
    const outcome = this.dryRun
      ? 'none was touched'
      : `${repaired} were made anew, ${failed.length} cannot be made`
    this.logger.success(`${looked} thumbnails looked at, ${broken} of them broken; ${outcome}`)
    if (brokenOff) {
      this.logger.info(`Broken off: go on with --after=${lastId}`)
    }
    if (failed.length > 0) {
      this.exitCode = 1
    }
  }
}
