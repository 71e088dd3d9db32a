import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const ApiTokensController = () => import('#http/controllers/api_tokens_controller')

router
  .group(() => {
    router.get('/', [ApiTokensController, 'index']).as('api_tokens.index')
    router.post('/', [ApiTokensController, 'store']).as('api_tokens.store')
    router.delete('/:id', [ApiTokensController, 'destroy']).as('api_tokens.destroy')
  })
  .prefix('/api/v1/api-tokens')
  .use([middleware.noStore(), middleware.auth(), middleware.session()])
