import { BaseCommand } from '@adonisjs/core/ace'
import { ProgressLine } from '#projections/progress_line'
import { tellProofError } from '#proofs/errors'
import { verifyLog, type LogReport } from '#proofs/verify_log'
import { withServices } from '#start/console_services'
import { codecOf, readCheckpoints } from '#start/proofs'

/** So many faults are listed. */
const SHOWN = 20

export default class AuditVerify extends BaseCommand {
  static override commandName = 'audit:verify'
  static override description =
    'Check the log: hash chain, positions, versions, claims and budgets, signed checkpoints'
  static override options = { startApp: true }

  declare json: boolean
  declare from?: string
  declare checkpoint?: string[]
  declare key?: string

  static {
    this.defineFlag('json', { type: 'boolean', description: 'Print JSON' })
    this.defineFlag('from', {
      type: 'string',
      description: 'A file with a checkpoint that is trusted: only later events are read',
    })
    this.defineFlag('checkpoint', {
      type: 'array',
      description: 'A file with a checkpoint that the log must agree with; may be repeated',
    })
    this.defineFlag('key', {
      type: 'string',
      description: "The public key that checks the checkpoints; the site's own unless given",
    })
  }

  override async run() {
    const line = new ProgressLine('log')
    const report = await withServices(async (services) => {
      const [from] = await readCheckpoints(services, this.from ? [this.from] : [], this.key)
      const checkpoints = await readCheckpoints(services, this.checkpoint ?? [], this.key)
      return verifyLog({
        connectionString: services.config.databaseUrl,
        codec: codecOf(services),
        archives: services.archives,
        from: from && { position: from.position, hash: from.chainHash },
        checkpoints,
        progress: (done, total) => line.update(done, total),
      })
    })
    line.end()
    this.exitCode = report.sound ? 0 : 1
    if (this.json) {
      console.log(JSON.stringify(jsonOf(report), null, 2))
    } else {
      this.#tell(report)
    }
  }

  override async completed() {
    return tellProofError(this)
  }

  #tell(report: LogReport) {
    const { faults, from, position, hash, guardsChecked, seconds } = report
    const events = position - from
    const rate = Math.round(events / seconds)
    const read = `${events} events in ${seconds.toFixed(1)} s, ${rate}/s`
    if (report.sound) {
      const guards = guardsChecked ? ', claims and budgets follow from it' : ''
      this.logger.success(`The log is sound to event ${position}${guards} (${read})`)
      console.log(`  hash ${hash}`)
    } else {
      this.logger.error(`The log is not what was written: ${faults[0]?.message} (${read})`)
      faults.slice(1, SHOWN).forEach(({ message }) => console.log(`  ${message}`))
      if (faults.length > SHOWN) {
        console.log(`  and ${faults.length - SHOWN} more`)
      }
    }
    if (!guardsChecked) {
      console.log('  Claims and budgets were not compared: that takes a whole and sound log')
    }
  }
}

function jsonOf({ guardsChecked, faults, ...report }: LogReport) {
  return { ...report, guards_checked: guardsChecked, first: faults[0] ?? null, faults }
}
