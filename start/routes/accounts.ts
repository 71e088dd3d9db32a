import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const SetupController = () => import('#http/controllers/setup_controller')
const SessionsController = () => import('#http/controllers/sessions_controller')
const ExportsController = () => import('#http/controllers/exports_controller')
const ProfileController = () => import('#http/controllers/profile_controller')

router
  .group(() => {
    router
      .get('/setup/status', [SetupController, 'show'])
      .as('setup.show')
      .use(middleware.limit('api'))
    router
      .post('/setup', [SetupController, 'store'])
      .as('setup.store')
      .use(middleware.limit('setup'))
    router
      .post('/setup/admin', [SetupController, 'store'])
      .as('setup.store.alias')
      .use(middleware.limit('setup'))

    router
      .post('/auth/login', [SessionsController, 'store'])
      .as('sessions.store')
      .use(middleware.limit('login'))
    router
      .post('/auth/refresh', [SessionsController, 'update'])
      .as('sessions.update')
      .use(middleware.limit('refresh'))
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
    router
      .delete('/users/me', [ProfileController, 'destroy'])
      .as('profile.destroy')
      .use([middleware.auth(), middleware.session(), middleware.limit('delete-account')])
    router
      .get('/users/me/export', [ExportsController, 'show'])
      .as('exports.show')
      .use([middleware.auth(), middleware.session()])
    router
      .post('/users/me/export', [ExportsController, 'store'])
      .as('exports.store')
      .use([middleware.auth(), middleware.session(), middleware.limit('export')])
    router
      .get('/users/me/export/archive', [ExportsController, 'archive'])
      .as('exports.archive')
      .use([middleware.auth(), middleware.session()])
  })
  .prefix('/api/v1')
  .use(middleware.noStore())
