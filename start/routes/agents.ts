import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const McpController = () => import('#http/controllers/mcp_controller')

router.post('/mcp', [McpController]).as('mcp').use([middleware.noStore(), middleware.auth()])
