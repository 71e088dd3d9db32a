import * as decisions from '#domain/account/decide'
import type { AccountEvent } from '#domain/account/events'
import { evolveAccount } from '#domain/account/state'
import type { EventData } from '#domain/catalogue'
import type { Json } from '#domain/event_definition'
import { streams } from '#domain/streams'
import { EventStoreUnavailableError } from '#event_store/errors'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import type { CredentialStore, IdSource } from './ports.ts'

export interface RegisterAccount {
  email: string
  name: string
  passwordHash: string
  role: EventData<'account.registered'>['role']
  origin: EventData<'account.registered'>['origin']
  groupId: number
  capacityBytes: number
  emailVerified: boolean
}

/** What happened to an account without a decision. */
export type AccountFact = Extract<
  AccountEvent,
  {
    type:
      | 'account.signed_in'
      | 'account.sign_in_failed'
      | 'account.signed_out'
      | 'account.session_revoked'
  }
>

export type AccountHandlers = ReturnType<typeof createAccountHandlers>

export function createAccountHandlers(ports: {
  store: EventStore
  ids: IdSource
  credentials: CredentialStore
}) {
  const runner = new CommandRunner(ports.store)

  return {
    /** @throws ClaimTakenError of scope `email` or `first_admin` */
    async registerAccount(
      command: RegisterAccount,
      context: CommandContext
    ): Promise<Handled & { accountId: number }> {
      const { passwordHash, ...body } = command
      const accountId = await ports.ids.next('account')
      // The hash comes first: an account that can be seen can sign in. A hash without an account opens nothing.
      await ports.credentials.put(accountId, passwordHash)
      try {
        const handled = await runner.append(
          { stream: streams.account(accountId), context, body: ['registerAccount', body] },
          'none',
          decisions.registerAccount({
            account_id: accountId,
            email: command.email,
            name: command.name,
            role: command.role,
            group_id: command.groupId,
            capacity_bytes: command.capacityBytes,
            email_verified: command.emailVerified,
            origin: command.origin,
          })
        )
        return { ...handled, accountId }
      } catch (error) {
        // When the store could not be reached the account may have been recorded all the same.
        if (!(error instanceof EventStoreUnavailableError)) {
          await ports.credentials.remove(accountId)
        }
        throw error
      }
    },

    /** @throws DomainError E_ACCOUNT_NOT_FOUND */
    async changeName(
      command: { accountId: number; name: string },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.account(command.accountId),
        context,
        body: ['changeName', command],
        evolve: evolveAccount,
        decide: (account) => decisions.changeName(account, command.name),
      })
    },

    /** @throws DomainError E_ACCOUNT_NOT_FOUND */
    async changeSettings(
      command: { accountId: number; settings: Record<string, Json> },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.account(command.accountId),
        context,
        body: ['changeSettings', command],
        evolve: evolveAccount,
        decide: (account) => decisions.changeSettings(account, command.settings),
      })
    },

    /** The hash is replaced first: should the append fail, the new password holds and its fact is missing. */
    async changePassword(
      { accountId, passwordHash }: { accountId: number; passwordHash: string },
      context: CommandContext
    ): Promise<Handled> {
      await ports.credentials.put(accountId, passwordHash)
      return runner.append(
        { stream: streams.account(accountId), context, body: ['changePassword', { accountId }] },
        'exists',
        [{ type: 'account.password_changed', data: { account_id: accountId } }]
      )
    },

    /** Records a fact that no rule can refuse. */
    async recordFact(fact: AccountFact, context: CommandContext): Promise<Handled> {
      return runner.append(
        { stream: streams.account(fact.data.account_id), context, body: ['recordFact', fact] },
        'exists',
        [fact]
      )
    },
  }
}
