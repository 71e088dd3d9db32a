import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const StrategiesController = () => import('#http/controllers/strategies_controller')

router
  .get('/api/v1/strategies', [StrategiesController, 'mine'])
  .as('strategies.mine')
  .use([middleware.noStore(), middleware.auth(), middleware.scope('read')])
