import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const HistoryController = () => import('#http/controllers/history_controller')
const LiveEventsController = () => import('#http/controllers/live_events_controller')

router
  .group(() => {
    router.get('/events', [HistoryController, 'events']).as('history.events')
    router.get('/events/live', [LiveEventsController, 'show']).as('history.live')
    router.get('/streams/:stream', [HistoryController, 'stream']).as('history.stream')
  })
  .prefix('/api/v1/admin')
  .use([middleware.noStore(), middleware.auth(), middleware.admin()])
