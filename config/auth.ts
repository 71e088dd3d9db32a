import { defineConfig } from '@adonisjs/auth'
import type { InferAuthenticators } from '@adonisjs/auth/types'
import type { HttpContext } from '@adonisjs/core/http'
import { ApiTokenGuard } from '#auth/api_token_guard'
import { SessionGuard } from '#auth/session_guard'
import { webServices } from '#start/web_services'

const authConfig = defineConfig({
  default: 'session',
  guards: {
    session: (ctx: HttpContext) => {
      const { accessTokens, identities } = webServices()
      return new SessionGuard(ctx, accessTokens, identities)
    },
    apiToken: (ctx: HttpContext) => new ApiTokenGuard(ctx, webServices().identities),
  },
})

export default authConfig

declare module '@adonisjs/auth/types' {
  export interface Authenticators extends InferAuthenticators<typeof authConfig> {}
}
