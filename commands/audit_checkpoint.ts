import { writeFile } from 'node:fs/promises'
import { BaseCommand } from '@adonisjs/core/ace'
import { ProgressLine } from '#projections/progress_line'
import { formatVerifierKey, verifierKeyOf } from '#proofs/checkpoint'
import { tellProofError } from '#proofs/errors'
import { takeCheckpoint } from '#proofs/take_checkpoint'
import { withServices } from '#start/console_services'
import { signingKeyOf } from '#start/proofs'

export default class AuditCheckpoint extends BaseCommand {
  static override commandName = 'audit:checkpoint'
  static override description = 'Sign what the log is now, for keeping elsewhere'
  static override options = { startApp: true }

  declare output?: string
  declare key: boolean

  static {
    this.defineFlag('output', {
      type: 'string',
      description: 'The file to write; printed when none is named',
    })
    this.defineFlag('key', {
      type: 'boolean',
      description: 'Print the public key that checks signatures, and sign nothing',
    })
  }

  override async run() {
    const line = new ProgressLine('log')
    await withServices(async (services) => {
      const key = await signingKeyOf(services)
      const publicKey = formatVerifierKey(verifierKeyOf(key))
      if (this.key) {
        console.log(publicKey)
        return
      }
      const { position, text } = await takeCheckpoint({
        connectionString: services.config.databaseUrl,
        key,
        now: new Date(),
        archives: services.archives,
        progress: (done, total) => line.update(done, total),
      })
      line.end()
      if (this.output === undefined) {
        process.stdout.write(text)
        return
      }
      await writeFile(this.output, text)
      this.logger.success(`The log up to event ${position} is signed in ${this.output}`)
      console.log(`  public key ${publicKey}`)
    })
  }

  override async completed() {
    return tellProofError(this)
  }
}
