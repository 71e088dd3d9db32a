import { DomainError } from '#domain/domain_error'
import type { Json } from '#domain/event_definition'
import * as decisions from '#domain/group/decide'
import { evolveGroup } from '#domain/group/state'
import { groupMembersScope } from '#domain/guards'
import { makeDefaultGroup, makeGuestGroup } from '#domain/site/decide'
import { evolveSite, INITIAL_SITE } from '#domain/site/state'
import { requireStrategy } from '#domain/strategy/decide'
import { evolveStrategy } from '#domain/strategy/state'
import { streams } from '#domain/streams'
import { BudgetExceededError } from '#event_store/errors'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import { loadState } from './load_state.ts'
import type { IdSource } from './ports.ts'

export interface CreateGroup {
  name: string
  configs: Record<string, Json>
  strategyIds: number[]
}

/** Only an empty group can go: its members' budget has no room for its end. */
const EMPTY_GROUP_LIMIT = 1

export type GroupHandlers = ReturnType<typeof createGroupHandlers>

export function createGroupHandlers(ports: { store: EventStore; ids: IdSource }) {
  const runner = new CommandRunner(ports.store)

  const requireStrategies = async (ids: readonly number[]): Promise<void> => {
    for (const id of ids) {
      requireStrategy(await loadState(ports.store, streams.strategy(id), evolveStrategy))
    }
  }

  const requireGroupOf = async (groupId: number) =>
    decisions.requireGroup(await loadState(ports.store, streams.group(groupId), evolveGroup))

  return {
    /** @throws DomainError E_STRATEGY_NOT_FOUND */
    async createGroup(
      command: CreateGroup,
      context: CommandContext
    ): Promise<Handled & { groupId: number }> {
      await requireStrategies(command.strategyIds)
      const groupId = await ports.ids.next('group')
      const handled = await runner.append(
        { stream: streams.group(groupId), context, body: ['createGroup', command] },
        'none',
        decisions.createGroup({
          group_id: groupId,
          name: command.name,
          is_default: false,
          is_guest: false,
          configs: command.configs,
          strategy_ids: command.strategyIds,
        })
      )
      return { ...handled, groupId }
    },

    /** @throws DomainError E_GROUP_NOT_FOUND */
    async changeGroup(
      { groupId, ...change }: { groupId: number; name?: string; configs?: Record<string, Json> },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.group(groupId),
        context,
        body: ['changeGroup', { groupId, ...change }],
        evolve: evolveGroup,
        decide: (group) => decisions.changeGroup(group, change),
      })
    },

    /** @throws DomainError E_GROUP_NOT_FOUND, E_STRATEGY_NOT_FOUND */
    async changeGroupStrategies(
      command: { groupId: number; strategyIds: number[] },
      context: CommandContext
    ): Promise<Handled> {
      await requireStrategies(command.strategyIds)
      return runner.decide({
        stream: streams.group(command.groupId),
        context,
        body: ['changeGroupStrategies', command],
        evolve: evolveGroup,
        decide: (group) => decisions.changeGroupStrategies(group, command.strategyIds),
      })
    },

    /** @throws DomainError E_GROUP_NOT_FOUND, E_GROUP_NEEDED */
    async makeDefaultGroup(
      command: { groupId: number },
      context: CommandContext
    ): Promise<Handled> {
      await requireGroupOf(command.groupId)
      return runner.decide({
        stream: streams.site(),
        context,
        body: ['makeDefaultGroup', command],
        evolve: evolveSite,
        decide: (site) => makeDefaultGroup(site, command.groupId),
      })
    },

    /** @throws DomainError E_GROUP_NOT_FOUND, E_GROUP_NEEDED */
    async makeGuestGroup(command: { groupId: number }, context: CommandContext): Promise<Handled> {
      await requireGroupOf(command.groupId)
      return runner.decide({
        stream: streams.site(),
        context,
        body: ['makeGuestGroup', command],
        evolve: evolveSite,
        decide: (site) => makeGuestGroup(site, command.groupId),
      })
    },

    /** @throws DomainError E_GROUP_NOT_FOUND, E_GROUP_NEEDED, E_GROUP_IN_USE */
    async deleteGroup(command: { groupId: number }, context: CommandContext): Promise<Handled> {
      const site = await loadState(ports.store, streams.site(), evolveSite)
      const members = groupMembersScope(command.groupId)
      try {
        return await runner.decide({
          stream: streams.group(command.groupId),
          context,
          body: ['deleteGroup', command],
          limits: { [members]: EMPTY_GROUP_LIMIT },
          evolve: evolveGroup,
          decide: (group) => decisions.deleteGroup(group, site ?? INITIAL_SITE),
        })
      } catch (error) {
        if (error instanceof BudgetExceededError && error.scope === members) {
          throw new DomainError(
            'E_GROUP_IN_USE',
            'There are accounts in this group: move them first'
          )
        }
        throw error
      }
    },
  }
}
