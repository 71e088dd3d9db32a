import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const SetupController = () => import('#http/controllers/setup_controller')
const SessionsController = () => import('#http/controllers/sessions_controller')
const ProfileController = () => import('#http/controllers/profile_controller')

router
  .group(() => {
    router.get('/setup/status', [SetupController, 'show']).as('setup.show')
    router.post('/setup', [SetupController, 'store']).as('setup.store')
    router.post('/setup/admin', [SetupController, 'store']).as('setup.store.alias')

    router.post('/auth/login', [SessionsController, 'store']).as('sessions.store')
    router.post('/auth/refresh', [SessionsController, 'update']).as('sessions.update')
    router
      .post('/auth/logout', [SessionsController, 'destroy'])
      .as('sessions.destroy')
      .use([middleware.auth(), middleware.session()])

    router
      .get('/users/me', [ProfileController, 'show'])
      .as('profile.show')
      .use([middleware.auth(), middleware.scope('read')])
    router
      .put('/users/me', [ProfileController, 'update'])
      .as('profile.update')
      .use([middleware.auth(), middleware.session()])
  })
  .prefix('/api/v1')
  .use(middleware.noStore())
