import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const UsersController = () => import('#http/controllers/users_controller')
const DeletedUsersController = () => import('#http/controllers/deleted_users_controller')
const GroupsController = () => import('#http/controllers/groups_controller')
const StrategiesController = () => import('#http/controllers/strategies_controller')
const AdministeredImagesController = () =>
  import('#http/controllers/administered_images_controller')
const TrashController = () => import('#http/controllers/trash_controller')
const ModerationController = () => import('#http/controllers/moderation_controller')
const ObservabilityController = () => import('#http/controllers/observability_controller')
const SiteSettingsController = () => import('#http/controllers/site_settings_controller')

router
  .group(() => {
    router.get('/users', [UsersController, 'index']).as('users.index')
    router.get('/users/:id', [UsersController, 'show']).as('users.show')
    router.put('/users/:id', [UsersController, 'update']).as('users.update')
    router.delete('/users/:id', [UsersController, 'destroy']).as('users.destroy')
    router.post('/users/:id/restore', [DeletedUsersController, 'restore']).as('users.restore')
    router.get('/deleted-users', [DeletedUsersController, 'index']).as('deleted_users.index')
    router
      .delete('/deleted-users/:id', [DeletedUsersController, 'destroy'])
      .as('deleted_users.destroy')

    router.get('/groups', [GroupsController, 'index']).as('groups.index')
    router.post('/groups', [GroupsController, 'store']).as('groups.store')
    router.get('/groups/:id', [GroupsController, 'show']).as('groups.show')
    router.put('/groups/:id', [GroupsController, 'update']).as('groups.update')
    router.delete('/groups/:id', [GroupsController, 'destroy']).as('groups.destroy')
    router
      .put('/groups/:id/strategies', [GroupsController, 'updateStrategies'])
      .as('groups.update_strategies')

    router.get('/strategies', [StrategiesController, 'index']).as('strategies.index')
    router.post('/strategies', [StrategiesController, 'store']).as('strategies.store')
    router.get('/strategies/health', [StrategiesController, 'health']).as('strategies.health')
    router.get('/strategies/:id', [StrategiesController, 'show']).as('strategies.show')
    router.put('/strategies/:id', [StrategiesController, 'update']).as('strategies.update')
    router.delete('/strategies/:id', [StrategiesController, 'destroy']).as('strategies.destroy')

    router.get('/images', [AdministeredImagesController, 'index']).as('administered_images.index')
    router
      .delete('/images/:id', [AdministeredImagesController, 'destroy'])
      .as('administered_images.destroy')

    router.post('/images/:id/restore', [TrashController, 'restoreAny']).as('trash.restore_any')
    router.get('/trash', [TrashController, 'indexAll']).as('trash.index_all')
    router.delete('/trash/:id', [TrashController, 'destroyAny']).as('trash.destroy_any')

    router.get('/moderation/pending', [ModerationController, 'index']).as('moderation.index')
    router
      .post('/moderation/approve', [ModerationController, 'approveMany'])
      .as('moderation.approve_many')
    router
      .post('/moderation/reject', [ModerationController, 'rejectMany'])
      .as('moderation.reject_many')
    router
      .post('/moderation/:id/approve', [ModerationController, 'approve'])
      .as('moderation.approve')
    router.post('/moderation/:id/reject', [ModerationController, 'reject']).as('moderation.reject')

    router
      .get('/observability/summary', [ObservabilityController, 'summary'])
      .as('observability.summary')

    router.get('/settings', [SiteSettingsController, 'show']).as('site_settings.show')
    router.put('/settings', [SiteSettingsController, 'update']).as('site_settings.update')
  })
  .prefix('/api/v1/admin')
  .use([middleware.noStore(), middleware.auth(), middleware.admin()])
