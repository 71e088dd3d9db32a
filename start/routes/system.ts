import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const ConfigController = () => import('#http/controllers/config_controller')
const DocsController = () => import('#http/controllers/docs_controller')
const HealthController = () => import('#http/controllers/health_controller')
const MetricsController = () => import('#http/controllers/metrics_controller')
const OpenapiController = () => import('#http/controllers/openapi_controller')
const ProbesController = () => import('#http/controllers/probes_controller')
const VersionController = () => import('#http/controllers/version_controller')

router.get('/health', [HealthController]).as('health').use(middleware.noStore())
router.get('/health/live', [ProbesController, 'live']).as('health.live').use(middleware.noStore())
router
  .get('/health/ready', [ProbesController, 'ready'])
  .as('health.ready')
  .use(middleware.noStore())
router.get('/metrics', [MetricsController]).as('metrics').use(middleware.noStore())
router.get('/openapi.yaml', [OpenapiController, 'yaml']).as('openapi.yaml')
router.get('/openapi.json', [OpenapiController, 'json']).as('openapi.json')
router.get('/docs', [DocsController, 'page']).as('docs')
router.get('/docs/scalar.js', [DocsController, 'script']).as('docs.script')
router
  .get('/api/v1/config', [ConfigController])
  .as('config')
  .use([middleware.noStore(), middleware.limit('api')])
router
  .get('/api/v1/version', [VersionController])
  .as('version')
  .use([middleware.noStore(), middleware.limit('api')])
