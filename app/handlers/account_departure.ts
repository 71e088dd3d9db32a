import * as decisions from '#domain/account/decide'
import { evolveAccount, type Account } from '#domain/account/state'
import { DomainError } from '#domain/domain_error'
import { evolveGroup } from '#domain/group/state'
import { adminSeatsScope, LAST_ADMIN_LIMIT } from '#domain/guards'
import { evolveSite, INITIAL_SITE } from '#domain/site/state'
import { streams } from '#domain/streams'
import { BudgetExceededError } from '#event_store/errors'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import { loadState } from './load_state.ts'

/** The budget that counts administrators refuses to lose the last one. */
export async function keepingAnAdmin(handling: Promise<Handled>): Promise<Handled> {
  try {
    return await handling
  } catch (error) {
    if (error instanceof BudgetExceededError && error.scope === adminSeatsScope) {
      throw new DomainError('E_LAST_ADMIN', 'The last administrator must stay one, and active')
    }
    throw error
  }
}

/** How accounts go: deleted first, which can be undone, then forgotten, which cannot. */
export function createDepartureHandlers(ports: { store: EventStore }) {
  const runner = new CommandRunner(ports.store)

  /** The account's former group, or the one that new accounts join when that is gone. */
  const groupFor = async (account: Account | null): Promise<number> => {
    const former = account?.groupId ?? 0
    const group = await loadState(ports.store, streams.group(former), evolveGroup)
    if (group !== null && !group.deleted) {
      return former
    }
    const site = await loadState(ports.store, streams.site(), evolveSite)
    return (site ?? INITIAL_SITE).defaultGroupId
  }

  return {
    /**
     * Closes the account and frees its address. Its password stays, for the account may come back.
     *
     * @throws DomainError E_ACCOUNT_NOT_FOUND, E_LAST_ADMIN
     */
    async deleteAccount(command: { accountId: number }, context: CommandContext): Promise<Handled> {
      return keepingAnAdmin(
        runner.decide({
          stream: streams.account(command.accountId),
          context,
          body: ['deleteAccount', command],
          limits: { [adminSeatsScope]: LAST_ADMIN_LIMIT },
          evolve: evolveAccount,
          decide: decisions.deleteAccount,
        })
      )
    },

    /**
     * @throws DomainError E_ACCOUNT_NOT_FOUND when it is not deleted, or was forgotten
     * @throws ClaimTakenError of scope `email` when somebody else has its address by now
     */
    async restoreAccount(
      command: { accountId: number },
      context: CommandContext
    ): Promise<Handled> {
      const stream = streams.account(command.accountId)
      const [registered] = await ports.store.readStream(stream, { limit: 1 })
      return runner.decide({
        stream,
        context,
        body: ['restoreAccount', command],
        evolve: evolveAccount,
        decide: async (account) =>
          decisions.restoreAccount(account, {
            groupId: await groupFor(account),
            registeredAt: registered?.recordedAt ?? '',
          }),
      })
    },

    /** Does nothing for an account that is not deleted, or was forgotten. */
    async forgetAccount(command: { accountId: number }, context: CommandContext): Promise<Handled> {
      return runner.decide({
        stream: streams.account(command.accountId),
        context,
        body: ['forgetAccount', command],
        evolve: evolveAccount,
        decide: decisions.forgetAccount,
      })
    },
  }
}
