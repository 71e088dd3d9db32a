import { assert } from '@japa/assert'
import { configure, processCLIArgs, run } from '@japa/runner'
import { spec } from '@japa/runner/reporters'
import { startTestServices } from '#tests/services/test_services'
import { countingReporter } from '#tests/services/counting_reporter'
import { strayErrors } from '#tests/services/stray_errors'

process.env.NODE_ENV = 'test'
process.env.LOG_LEVEL ??= 'silent'

const services = await startTestServices()
process.env.TEST_DATABASE_ADMIN_URL = services.databaseAdminUrl
process.env.TEST_REDIS_URL = services.redisUrl

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void services.stop().finally(() => process.exit(1))
  })
}

const counts = { passed: 0, failed: 0 }

processCLIArgs(process.argv.slice(2))
configure({
  files: ['tests/**/*.spec.ts'],
  plugins: [assert(), strayErrors(counts)],
  timeout: 10_000,
  forceExit: false,
  reporters: {
    activated: ['spec', 'counting'],
    list: [spec(), countingReporter(counts)],
  },
})

try {
  await run()
} finally {
  await services.stop()
}
if (counts.passed + counts.failed === 0) {
  process.exitCode = 1
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed`)
process.exit()
