import { prettyPrintError } from '@adonisjs/core'
import { completeEnvironment } from '#supervisor/site_environment'
import { requireNoSurplus, SurplusArgumentError } from '#supervisor/surplus_argument'
import { describeUnreachable } from '#supervisor/unreachable'
import { createIgnitor } from './ignitor.ts'

/** These run without a site. */
const WITHOUT_SITE = new Set(['start', 'list', 'help', 'maintenance:restore'])

const [command = 'list'] = process.argv.slice(2)
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
