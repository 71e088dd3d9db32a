import * as decisions from '#domain/account/decide'
import type { AccountEvent } from '#domain/account/events'
import { evolveAccount } from '#domain/account/state'
import type { EventData } from '#domain/catalogue'
import type { Json } from '#domain/event_definition'
import { requireGroup } from '#domain/group/decide'
import { evolveGroup } from '#domain/group/state'
import { adminSeatsScope, LAST_ADMIN_LIMIT } from '#domain/guards'
import { streams } from '#domain/streams'
import { EventStoreUnavailableError } from '#event_store/errors'
import type { EventStore } from '#event_store/port'
import { createDepartureHandlers, keepingAnAdmin } from './account_departure.ts'
import { createExportHandlers } from './account_export.ts'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import { loadState } from './load_state.ts'
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
  /** Owes a mail with a link to confirm the address, in the same append. */
  mustConfirm?: boolean
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
    ...createDepartureHandlers(ports),
    ...createExportHandlers(ports),

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
          decisions.registerAccount(
            {
              account_id: accountId,
              email: command.email,
              name: command.name,
              role: command.role,
              group_id: command.groupId,
              capacity_bytes: command.capacityBytes,
              email_verified: command.emailVerified,
              origin: command.origin,
            },
            { mustConfirm: command.mustConfirm ?? false }
          )
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

    /**
     * The hash is replaced before the append: should that fail, the new password holds and its fact is missing.
     *
     * @throws DomainError E_ACCOUNT_NOT_FOUND
     */
    async changePassword(
      { accountId, passwordHash }: { accountId: number; passwordHash: string },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.account(accountId),
        context,
        body: ['changePassword', { accountId }],
        evolve: evolveAccount,
        decide: async (account) => {
          const events = decisions.changePassword(account)
          await ports.credentials.put(accountId, passwordHash)
          return events
        },
      })
    },

    /** Does nothing when `email` is confirmed, or no longer the account's. @throws DomainError E_ACCOUNT_NOT_FOUND */
    async verifyEmail(
      command: { accountId: number; email: string },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.account(command.accountId),
        context,
        body: ['verifyEmail', { accountId: command.accountId }],
        evolve: evolveAccount,
        decide: (account) => decisions.verifyEmail(account, command.email),
      })
    },

    /** @throws DomainError E_ACCOUNT_NOT_FOUND */
    async requestVerification(
      command: { accountId: number },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.account(command.accountId),
        context,
        body: ['requestVerification', command],
        evolve: evolveAccount,
        decide: decisions.requestVerification,
      })
    },

    /** @throws DomainError E_ACCOUNT_NOT_FOUND */
    async requestPasswordReset(
      command: { accountId: number },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.account(command.accountId),
        context,
        body: ['requestPasswordReset', command],
        evolve: evolveAccount,
        decide: decisions.requestPasswordReset,
      })
    },

    /**
     * What an administrator changes of an account. The group must exist.
     *
     * @throws DomainError E_ACCOUNT_NOT_FOUND, E_GROUP_NOT_FOUND, E_LAST_ADMIN
     * @throws ClaimTakenError of scope `email`
     */
    async administerAccount(
      { accountId, ...change }: decisions.AdministerAccount & { accountId: number },
      context: CommandContext
    ): Promise<Handled> {
      return keepingAnAdmin(
        runner.decide({
          stream: streams.account(accountId),
          context,
          body: ['administerAccount', { accountId, ...change }],
          limits: { [adminSeatsScope]: LAST_ADMIN_LIMIT },
          evolve: evolveAccount,
          decide: async (account) => {
            const events = decisions.administerAccount(account, change)
            if (events.some(({ type }) => type === 'account.group_changed')) {
              requireGroup(
                await loadState(ports.store, streams.group(change.groupId ?? 0), evolveGroup)
              )
            }
            return events
          },
        })
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
