import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const AlbumsController = () => import('#http/controllers/albums_controller')

router
  .group(() => {
    router.get('/', [AlbumsController, 'index']).as('albums.index').use(middleware.scope('read'))
    router.post('/', [AlbumsController, 'store']).as('albums.store').use(middleware.scope('write'))
    router
      .put('/:id', [AlbumsController, 'update'])
      .as('albums.update')
      .use(middleware.scope('write'))
    router
      .delete('/:id', [AlbumsController, 'destroy'])
      .as('albums.destroy')
      .use(middleware.scope('write'))
  })
  .prefix('/api/v1/albums')
  .use([middleware.noStore(), middleware.auth()])
