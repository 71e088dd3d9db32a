import router from '@adonisjs/core/services/router'

const FilesController = () => import('#http/controllers/files_controller')
const VariantsController = () => import('#http/controllers/variants_controller')

router
  .get('/i/:file', [FilesController, 'show'])
  .as('files.show')
  .where('file', /^[a-z0-9]{6,32}\.[a-z0-9]{2,5}$/)
router
  .get('/i/:variant', [VariantsController, 'show'])
  .as('variants.show')
  .where('variant', /^[a-z0-9]{6,32}\.[a-z0-9]{2,5}(?:@|%40)/)
router
  .get('/t/:file', [FilesController, 'thumbnail'])
  .as('files.thumbnail')
  .where('file', /^[0-9a-f]{32}\.png$/)
