import { BaseCommand } from '@adonisjs/core/ace'
import { examine, type Examination } from '#maintenance/doctor'
import { projections } from '#projections/registry'
import { withServices } from '#start/console_services'
import { PartsProgress, storesOf } from '#start/maintenance'
import { codecOf } from '#start/proofs'

/** So many findings of one check are listed. */
const SHOWN = 20

export default class MaintenanceDoctor extends BaseCommand {
  static override commandName = 'maintenance:doctor'
  static override description =
    'Look whether log, archives, read models, objects, work and keys agree; change nothing'
  static override options = { startApp: true }

  declare json: boolean

  static {
    this.defineFlag('json', { type: 'boolean', description: 'Print JSON' })
  }

  override async run() {
    const progress = new PartsProgress((what) =>
      what === 'objects' || what === 'archives' ? what : 'events'
    )
    const examinations = await withServices((services) => {
      const { config, eventStore, pool } = services
      return examine({
        connectionString: config.databaseUrl,
        pool,
        eventStore,
        codec: codecOf(services),
        projections,
        storeOf: storesOf(services),
        archives: services.archives,
        opensKeys: (subjects) =>
          eventStore.keyRing.find(subjects).then(
            () => true,
            () => false
          ),
        progress: progress.update,
      })
    })
    progress.end()
    const isWell = examinations.every(({ findings }) => findings.length === 0)
    this.exitCode = isWell ? 0 : 1
    if (this.json) {
      console.log(JSON.stringify({ well: isWell, checks: examinations }, null, 2))
    } else {
      examinations.forEach((examination) => this.#tell(examination))
    }
  }

  #tell({ check, looked, findings }: Examination) {
    if (findings.length === 0) {
      this.logger.success(`${check}: ${looked} looked at, nothing wrong`)
      return
    }
    this.logger.error(`${check}: ${looked} looked at, ${findings.length} findings`)
    findings.slice(0, SHOWN).forEach((finding) => console.log(`  ${finding}`))
    if (findings.length > SHOWN) {
      console.log(`  and ${findings.length - SHOWN} more`)
    }
  }
}
