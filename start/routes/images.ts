import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const TrashController = () => import('#http/controllers/trash_controller')
const ImageImportsController = () => import('#http/controllers/image_imports_controller')
const SharesController = () => import('#http/controllers/shares_controller')
const HistoryController = () => import('#http/controllers/history_controller')
const ImagesController = () => import('#http/controllers/images_controller')

router
  .group(() => {
    router.get('/', [ImagesController, 'index']).as('images.index').use(middleware.scope('read'))
    router.post('/', [ImagesController, 'store']).as('images.store').use(middleware.scope('write'))
    router
      .post('/batch-delete', [ImagesController, 'destroyMany'])
      .as('images.destroy_many')
      .use(middleware.scope('write'))
    router
      .post('/import', [ImageImportsController, 'store'])
      .as('image_imports.store')
      .use([middleware.scope('write'), middleware.limit('upload')])
    router
      .post('/:key/restore', [TrashController, 'restore'])
      .as('trash.restore')
      .use(middleware.scope('write'))
    router
      .get('/:key/shares', [SharesController, 'index'])
      .as('shares.index')
      .use(middleware.scope('read'))
    router
      .post('/:key/share', [SharesController, 'store'])
      .as('shares.store')
      .use(middleware.scope('write'))
    router
      .delete('/:key/shares/:id', [SharesController, 'destroy'])
      .as('shares.destroy')
      .use(middleware.scope('write'))
    router
      .get('/:key/pipeline', [ImagesController, 'pipeline'])
      .as('images.pipeline')
      .use(middleware.scope('read'))
    router
      .get('/:key/history', [HistoryController, 'image'])
      .as('images.history')
      .use(middleware.scope('read'))
    router.get('/:key', [ImagesController, 'show']).as('images.show').use(middleware.scope('read'))
    router
      .patch('/:key', [ImagesController, 'update'])
      .as('images.update')
      .use(middleware.scope('write'))
    router
      .delete('/:key', [ImagesController, 'destroy'])
      .as('images.destroy')
      .use(middleware.scope('write'))
  })
  .prefix('/api/v1/images')
  .use([middleware.noStore(), middleware.auth()])

router
  .group(() => {
    router.get('/', [TrashController, 'index']).as('trash.index').use(middleware.scope('read'))
    router
      .delete('/', [TrashController, 'destroyAll'])
      .as('trash.destroy_all')
      .use(middleware.scope('write'))
    router
      .delete('/:key', [TrashController, 'destroy'])
      .as('trash.destroy')
      .use(middleware.scope('write'))
  })
  .prefix('/api/v1/trash')
  .use([middleware.noStore(), middleware.auth()])

router
  .get('/api/v1/imports/:id', [ImageImportsController, 'show'])
  .as('image_imports.show')
  .use([middleware.noStore(), middleware.auth(), middleware.scope('read')])
