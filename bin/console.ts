import { prettyPrintError } from '@adonisjs/core'
import { completeEnvironment } from '#supervisor/site_environment'
import { requireNoSurplus, SurplusArgumentError } from '#supervisor/surplus_argument'
import { describeUnreachable } from '#supervisor/unreachable'
import { createIgnitor } from './ignitor.ts'

/** These run without a site. */
const WITHOUT_SITE = new Set(['start', 'list', 'help', 'maintenance:restore'])

/** These serve for as long as they are let, whoever reads what they say. */
const SERVING = new Set(['start', 'projector', 'workers'])

/** What a shell says of a program that SIGPIPE has ended, which Node does not let through. */
const ENDED_BY_READER = 141

const [command = 'list'] = process.argv.slice(2)
if (!SERVING.has(command)) {
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') {
      process.exit(ENDED_BY_READER)
    }
    console.error(`What was to be printed could not be written: ${message}`)
    process.exit(1)
  })
}
completeEnvironment({ needsSite: !WITHOUT_SITE.has(command) })

function isInvalidEnvironment(error: unknown): error is Error & { help: string } {
  return (
    error instanceof Error &&
    'help' in error &&
    'code' in error &&
    error.code === 'E_INVALID_ENV_VARIABLES'
  )
}

createIgnitor()
  .ace()
  .configure(async (app) => {
    const ace = await app.container.make('ace')
    // Ace passes over what a command has no argument for; only its subclasses are meant to see that.
    ace.executing((given) => requireNoSurplus(given.commandName, given['parsed']._))
    const { errorHandler } = ace
    const render = errorHandler.render.bind(errorHandler)
    errorHandler.render = async (error, kernel) => {
      const sentence =
        error instanceof SurplusArgumentError
          ? error.message
          : describeUnreachable(error, process.env)
      return sentence === null ? render(error, kernel) : kernel.ui.logger.error(sentence)
    }
  })
  .handle(process.argv.slice(2))
  .catch((error: unknown) => {
    process.exitCode = 1
    if (isInvalidEnvironment(error)) {
      console.error(error.help.replaceAll('- ', ''))
    } else {
      prettyPrintError(error)
    }
  })
