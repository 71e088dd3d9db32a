import { availableParallelism } from 'node:os'
import { BaseCommand } from '@adonisjs/core/ace'
import env from '#start/env'
import { DataFolder } from '#supervisor/data_folder'
import { SupervisorError } from '#supervisor/errors'
import { Site } from '#supervisor/site'
import { givenVariables } from '#supervisor/site_environment'
import { DRAIN_SECONDS } from '#supervisor/web_process'
import { defaultWebProcesses } from '#supervisor/web_processes'

export default class Start extends BaseCommand {
  static override commandName = 'start'
  static override description =
    'Set up and run everything: PostgreSQL, Redis, the web server, the projector and the workers'
  static override options = { startApp: false, staysAlive: true }

  override async run() {
    try {
      await this.#run()
    } catch (error) {
      if (!(error instanceof SupervisorError)) {
        throw error
      }
      console.error(`\n${error.message}\n`)
      process.exit(1)
    }
  }

  async #run() {
    const given = givenVariables()
    const data = new DataFolder(env.get('DATA_DIR'))
    const port = env.get('PORT')
    const site = new Site({
      root: this.app.makePath(),
      data,
      host: env.get('HOST'),
      port,
      appUrl: env.get('APP_URL'),
      databaseUrl: given.has('DATABASE_URL') ? env.get('DATABASE_URL') : undefined,
      redisUrl: given.has('REDIS_URL') ? env.get('REDIS_URL') : undefined,
      appKey: given.has('APP_KEY') ? env.get('APP_KEY') : undefined,
      drainSeconds: env.get('DRAIN_SECONDS') ?? DRAIN_SECONDS,
      webProcesses: env.get('WEB_PROCESSES') ?? defaultWebProcesses(availableParallelism()),
      tell: (line) => console.log(line),
    })
    const stopped = this.#stopOnSignal(site)
    console.log('Starting PicFast …')
    try {
      await site.start()
    } catch (error) {
      await site.stop()
      throw error
    }
    await tellWhere(site.ownUrl, env.get('APP_URL') ?? `http://localhost:${port}`, data.path)
    await stopped
  }

  /** The first signal stops all in order, a second one does not wait. */
  #stopOnSignal(site: Site): Promise<void> {
    return new Promise((resolve) => {
      let asked = false
      const stop = async () => {
        if (asked) {
          process.exit(1)
        }
        asked = true
        console.log('\nStopping PicFast …')
        await site.stop()
        resolve()
        process.exit(0)
      }
      process.on('SIGINT', () => void stop())
      process.on('SIGTERM', () => void stop())
    })
  }
}

async function tellWhere(ownUrl: string, appUrl: string, dataFolder: string) {
  const [isNew, down] = await Promise.all([needsAdministrator(ownUrl), whatIsDown(ownUrl)])
  console.log(
    [
      '',
      'PicFast is running.',
      `  Site  ${appUrl}`,
      `  Data  ${dataFolder}`,
      ...(isNew
        ? [
            '  Next  make the first administrator:',
            `        curl ${appUrl}/api/v1/setup -H 'Content-Type: application/json' -d '{"email":"you@example.org","password":"a long secret","name":"You"}'`,
          ]
        : []),
      ...down.map(
        (part) => `  Down  ${part}: some of what the site does has to wait until it is back`
      ),
      '  Stop  Ctrl-C',
      '',
    ].join('\n')
  )
}

async function needsAdministrator(url: string): Promise<boolean> {
  const answer = await ask<{ data?: { required?: boolean } }>(`${url}/api/v1/setup/status`)
  return answer?.data?.required ?? false
}

/** The parts of the site's health that are not well, by their names there. */
async function whatIsDown(url: string): Promise<string[]> {
  const health = await ask<Record<string, string>>(`${url}/health`)
  return Object.entries(health ?? {}).flatMap(([part, state]) => (state === 'down' ? [part] : []))
}

async function ask<Answer>(url: string): Promise<Answer | null> {
  try {
    return (await (await fetch(url)).json()) as Answer
  } catch {
    return null
  }
}
