import app from '@adonisjs/core/services/app'
import emitter from '@adonisjs/core/services/emitter'
import logger from '@adonisjs/core/services/logger'
import router from '@adonisjs/core/services/router'
import server from '@adonisjs/core/services/server'
import { variantLimits } from '#config/variants'
import { shareOf } from '#config/web_processes'
import { answerFirst } from '#http/node_server'
import { QUERY_MILLISECONDS } from '#config/database'
import env from '#start/env'
import { requestCompleted } from '#start/request_completed'
import { installWebServices, webServices } from '#start/web_services'

const closeWebServices = installWebServices({
  databaseUrl: env.get('DATABASE_URL'),
  redisUrl: env.get('REDIS_URL'),
  eventStoreUrl: env.get('EVENTSTORE_URL'),
  appKey: env.get('APP_KEY'),
  dataDir: env.get('DATA_DIR'),
  queryPatience: QUERY_MILLISECONDS,
  poolSize: shareOf(10, 4),
  readers: shareOf(4, 2),
  proxyMode: env.get('SENDFILE', 'off'),
  variantLimits,
  answered: ({ request, response, route, seconds }) =>
    requestCompleted(logger, response, {
      request_id: request.headers['x-request-id'],
      method: request.method ?? 'GET',
      route,
      seconds,
    }),
  warn: (message, error) => logger.warn({ err: error }, message),
})
app.terminating(closeWebServices)

/** Of a request the log has its route, not its address: that may hold secrets, and what people search for. */
emitter.on('http:request_completed', ({ ctx, duration: [seconds, nanoseconds] }) => {
  const { request, response, route } = ctx
  requestCompleted(ctx.logger, response.response, {
    method: request.method(),
    route: route?.pattern ?? null,
    seconds: seconds + nanoseconds / 1e9,
  })
})

answerFirst((request, response, otherwise) => {
  const { hotAnswers, keptAnswers } = webServices()
  return hotAnswers.answer(request, response) || keptAnswers.answer(request, response, otherwise)
})

server.errorHandler(() => import('#http/exception_handler'))

router.use([
  () => import('#http/middleware/acknowledge_middleware'),
  () => import('@adonisjs/auth/initialize_auth_middleware'),
  () => import('#http/middleware/set_up_middleware'),
  () => import('#http/middleware/body_middleware'),
])

export const middleware = router.named({
  auth: () => import('#http/middleware/auth_middleware'),
  visitor: () => import('#http/middleware/visitor_middleware'),
  session: () => import('#http/middleware/session_middleware'),
  admin: () => import('#http/middleware/admin_middleware'),
  scope: () => import('#http/middleware/scope_middleware'),
  limit: () => import('#http/middleware/limit_middleware'),
  noStore: () => import('#http/middleware/no_store_middleware'),
})
