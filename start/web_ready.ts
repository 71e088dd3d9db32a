import app from '@adonisjs/core/services/app'
import logger from '@adonisjs/core/services/logger'
import { ensureFirstAdmin } from './first_admin.ts'
import { logWhatNobodyCaught } from './process_log.ts'
import { services } from './services.ts'
import { webServices } from './web_services.ts'

logWhatNobodyCaught()

/** What a web server does beside answering, once it can. */
app.ready(() => {
  // The last to be registered is the first to be called: the server waits for no answer that has no end.
  app.terminating(() => webServices().liveStreams.close())
  webServices().background.add(ensureFirstAdmin(services()), (error) =>
    logger.error({ err: error }, 'The first administrator could not be made')
  )
})
