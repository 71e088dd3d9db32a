import type { AccountRole } from '#domain/account/events'
import type { AccessTokens } from './access_tokens.ts'
import type { RefreshTokens } from './refresh_tokens.ts'

export interface OpenedSession {
  accessToken: string
  refreshToken: string
}

interface SessionAccount {
  accountId: number
  role: AccountRole
}

/** Sessions of people who signed in: a family of refresh tokens, and the access tokens that go with it. */
export class Sessions {
  readonly #accessTokens: AccessTokens
  readonly #refreshTokens: RefreshTokens

  constructor(accessTokens: AccessTokens, refreshTokens: RefreshTokens) {
    this.#accessTokens = accessTokens
    this.#refreshTokens = refreshTokens
  }

  async open(account: SessionAccount): Promise<OpenedSession> {
    const { token, sessionId } = await this.#refreshTokens.start(account.accountId)
    return { accessToken: await this.accessTokenFor(account, sessionId), refreshToken: token }
  }

  accessTokenFor({ accountId, role }: SessionAccount, sessionId: string): Promise<string> {
    return this.#accessTokens.issue({ accountId, role, sessionId })
  }
}
