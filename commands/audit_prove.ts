import { writeFile } from 'node:fs/promises'
import { BaseCommand } from '@adonisjs/core/ace'
import { ProgressLine } from '#projections/progress_line'
import { ProofError, tellProofError } from '#proofs/errors'
import { proveInclusion } from '#proofs/inclusion_proof'
import { takeCheckpoint } from '#proofs/take_checkpoint'
import { withServices } from '#start/console_services'
import { readText, signingKeyOf } from '#start/proofs'

export default class AuditProve extends BaseCommand {
  static override commandName = 'audit:prove'
  static override description =
    'Write a proof that an event is in the log; docs/verify_proof.mjs checks it anywhere'
  static override options = { startApp: true }

  declare position: string
  declare checkpoint?: string
  declare output?: string

  static {
    this.defineArgument('position', { type: 'string', description: 'The position of the event' })
    this.defineFlag('checkpoint', {
      type: 'string',
      description: 'A file with the checkpoint to prove by; a new one is signed when none is named',
    })
    this.defineFlag('output', {
      type: 'string',
      description: 'The file to write; printed when none is named',
    })
  }

  override async run() {
    const position = Number(this.position)
    if (!Number.isSafeInteger(position) || position < 1) {
      throw new ProofError('E_NO_SUCH_EVENT', `"${this.position}" is not a position`)
    }
    const proof = await withServices(async (services) => {
      const { archives, config } = services
      const { databaseUrl: connectionString } = config
      const key = await signingKeyOf(services)
      const checkpoint =
        this.checkpoint === undefined
          ? (await takeCheckpoint({ connectionString, key, archives, now: new Date() })).text
          : await readText(this.checkpoint)
      const line = new ProgressLine('log')
      const proved = await proveInclusion({
        connectionString,
        key,
        position,
        checkpoint,
        archives,
        progress: (done, total) => line.update(done, total),
      })
      line.end()
      return proved
    })
    const text = `${JSON.stringify(proof, null, 2)}\n`
    if (this.output === undefined) {
      process.stdout.write(text)
      return
    }
    await writeFile(this.output, text)
    this.logger.success(`Event ${position} is proved in ${this.output}`)
    console.log(`  node docs/verify_proof.mjs ${this.output}`)
  }

  override async completed() {
    return tellProofError(this)
  }
}
