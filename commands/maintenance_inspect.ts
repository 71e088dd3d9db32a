import { resolve } from 'node:path'
import { BaseCommand } from '@adonisjs/core/ace'
import { includedFaults } from '#maintenance/backup_archives'
import { tellMaintenanceError } from '#maintenance/errors'
import { fileFaults, readManifest } from '#maintenance/manifest'
import { objectFaults } from '#maintenance/objects'

export default class MaintenanceInspect extends BaseCommand {
  static override commandName = 'maintenance:inspect'
  static override description =
    'Say what a backup holds, and whether each of its files is what was written'

  declare folder: string
  declare json: boolean

  static {
    this.defineArgument('folder', { type: 'string', description: 'The folder of the backup' })
    this.defineFlag('json', { type: 'boolean', description: 'Print JSON' })
  }

  override async run() {
    const folder = resolve(this.folder)
    const { app_key: appKey, ...content } = await readManifest(folder)
    const faults = await fileFaults(folder, content)
    faults.push(...(await includedFaults(folder, content)))
    if (content.objects !== null && faults.length === 0) {
      faults.push(...(await objectFaults(folder)))
    }
    this.exitCode = faults.length === 0 ? 0 : 1
    if (this.json) {
      const holdsAppKey = appKey !== undefined
      console.log(JSON.stringify({ ...content, holds_app_key: holdsAppKey, faults }, null, 2))
      return
    }
    console.log(`Made ${content.created_at}, the log up to event ${content.position}`)
    content.tables.forEach(({ table, rows }) => console.log(`  ${table}: ${rows} rows`))
    if (content.objects !== null) {
      console.log(`  objects: ${content.objects.rows}, ${content.objects.bytes} bytes`)
    }
    for (const { first, last, included, place } of content.archives) {
      const where = included ? 'taken along' : `not in the backup, but in ${place}`
      console.log(`  events ${first} to ${last}: an archive, ${where}`)
    }
    if (appKey !== undefined) {
      console.log('  APP_KEY')
    }
    faults.forEach((fault) => this.logger.error(fault))
    if (faults.length === 0) {
      this.logger.success('Every file is what was written')
    }
  }

  override async completed() {
    return tellMaintenanceError(this)
  }
}
