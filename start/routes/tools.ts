import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const ToolUploadsController = () => import('#http/controllers/tool_uploads_controller')
const SharexController = () => import('#http/controllers/sharex_controller')

router
  .group(() => {
    router
      .post('/upload', [ToolUploadsController, 'store'])
      .as('tools.upload')
      .use([middleware.visitor(), middleware.limit('upload')])
    router
      .post('/flat/upload', [ToolUploadsController, 'flat'])
      .as('tools.flat')
      .use([middleware.visitor(), middleware.limit('upload')])
    router
      .post('/sharex/upload', [ToolUploadsController, 'sharex'])
      .as('tools.sharex')
      .use([middleware.visitor(), middleware.limit('upload')])
    router
      .get('/sharex/config', [SharexController, 'config'])
      .as('sharex.config')
      .use([middleware.visitor(), middleware.limit('api')])
    router
      .get('/sharex/delete/:secret', [SharexController, 'destroy'])
      .as('sharex.destroy')
      .use(middleware.limit('deletion-link'))
  })
  .prefix('/api/v1')
  .use(middleware.noStore())
