import router from '@adonisjs/core/services/router'
import { middleware } from '#start/kernel'

const RegistrationsController = () => import('#http/controllers/registrations_controller')
const EmailVerificationsController = () =>
  import('#http/controllers/email_verifications_controller')
const PasswordResetsController = () => import('#http/controllers/password_resets_controller')

router
  .group(() => {
    router
      .post('/register', [RegistrationsController, 'store'])
      .as('registrations.store')
      .use(middleware.limit('register'))
    router
      .post('/verify-email', [EmailVerificationsController, 'store'])
      .as('email_verifications.store')
      .use(middleware.limit('verify-email'))
    router
      .post('/resend-verification', [EmailVerificationsController, 'resend'])
      .as('email_verifications.resend')
      .use(middleware.limit('resend-verification'))
    router
      .post('/forgot-password', [PasswordResetsController, 'request'])
      .as('password_resets.request')
      .use(middleware.limit('forgot-password'))
    router
      .post('/reset-password', [PasswordResetsController, 'store'])
      .as('password_resets.store')
      .use(middleware.limit('reset-password'))
  })
  .prefix('/api/v1/auth')
  .use(middleware.noStore())
