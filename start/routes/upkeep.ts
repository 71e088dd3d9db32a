import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const ProjectionsController = () => import('#http/controllers/projections_controller')
const QueuesController = () => import('#http/controllers/queues_controller')

router
  .group(() => {
    router.get('/projections', [ProjectionsController, 'index']).as('projections.index')
    router.get('/projections/parked', [ProjectionsController, 'parked']).as('projections.parked')
    router
      .post('/projections/parked/retry', [ProjectionsController, 'retry'])
      .as('projections.retry')
    router
      .post('/projections/:name/rebuild', [ProjectionsController, 'rebuild'])
      .as('projections.rebuild')

    router.get('/queues', [QueuesController, 'index']).as('queues.index')
    router.get('/queues/dead', [QueuesController, 'dead']).as('queues.dead')
    router.post('/queues/:name/retry', [QueuesController, 'retry']).as('queues.retry')
  })
  .prefix('/api/v1/admin')
  .use([middleware.noStore(), middleware.auth(), middleware.admin()])
