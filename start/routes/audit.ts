import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const AuditLogsController = () => import('#http/controllers/audit_logs_controller')

router
  .get('/api/v1/admin/audit-logs', [AuditLogsController, 'index'])
  .as('audit_logs.index')
  .use([middleware.noStore(), middleware.auth(), middleware.admin()])
