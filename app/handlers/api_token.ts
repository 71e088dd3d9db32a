import * as decisions from '#domain/api_token/decide'
import type { TokenScope } from '#domain/api_token/events'
import { evolveApiToken } from '#domain/api_token/state'
import { streams } from '#domain/streams'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import type { ApiTokenSecretStore, IdSource } from './ports.ts'

export interface CreateApiToken {
  accountId: number
  name: string
  scopes: TokenScope[]
  expiresAt: string | null
  /** SHA-256 of the whole token. */
  secretHash: Buffer
}

export type ApiTokenHandlers = ReturnType<typeof createApiTokenHandlers>

export function createApiTokenHandlers(ports: {
  store: EventStore
  ids: IdSource
  secrets: ApiTokenSecretStore
}) {
  const runner = new CommandRunner(ports.store)

  return {
    async createApiToken(
      command: CreateApiToken,
      context: CommandContext
    ): Promise<Handled & { tokenId: number }> {
      const { secretHash, ...body } = command
      const tokenId = await ports.ids.next('api_token')
      // A hash without its event opens nothing, since a token must be in the read model too.
      await ports.secrets.put(tokenId, command.accountId, secretHash)
      const handled = await runner.append(
        { stream: streams.apiToken(tokenId), context, body: ['createApiToken', body] },
        'none',
        decisions.createApiToken({
          token_id: tokenId,
          account_id: command.accountId,
          name: command.name,
          scopes: command.scopes,
          expires_at: command.expiresAt,
        })
      )
      return { ...handled, tokenId }
    },

    /** @throws DomainError E_API_TOKEN_NOT_FOUND */
    async revokeApiToken(
      command: { tokenId: number; accountId: number },
      context: CommandContext
    ): Promise<Handled> {
      const handled = await runner.decide({
        stream: streams.apiToken(command.tokenId),
        context,
        body: ['revokeApiToken', command],
        evolve: evolveApiToken,
        decide: (token) => decisions.revokeApiToken(token, command.accountId),
      })
      await ports.secrets.remove(command.tokenId)
      return handled
    },
  }
}
