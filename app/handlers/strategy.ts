import { DomainError } from '#domain/domain_error'
import type { Json } from '#domain/event_definition'
import { strategyImagesScope } from '#domain/guards'
import * as decisions from '#domain/strategy/decide'
import type { StrategyType } from '#domain/strategy/events'
import { evolveStrategy } from '#domain/strategy/state'
import { streams } from '#domain/streams'
import { BudgetExceededError } from '#event_store/errors'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import type { IdSource, StrategySecretStore } from './ports.ts'

export interface CreateStrategy {
  name: string
  type: StrategyType
  configs: Record<string, Json>
  /** What must not be in the log, by the name of its field. */
  secrets: Record<string, string>
}

export interface ChangeStrategy {
  strategyId: number
  name?: string
  configs?: Record<string, Json>
  /** Those to be replaced. */
  secrets: Record<string, string>
}

/** Only an empty strategy can go: its images' budget has no room for its end. */
const EMPTY_STRATEGY_LIMIT = 1

export type StrategyHandlers = ReturnType<typeof createStrategyHandlers>

export function createStrategyHandlers(ports: {
  store: EventStore
  ids: IdSource
  strategySecrets: StrategySecretStore
}) {
  const runner = new CommandRunner(ports.store)

  return {
    async createStrategy(
      command: CreateStrategy,
      context: CommandContext
    ): Promise<Handled & { strategyId: number }> {
      const { secrets, ...body } = command
      const strategyId = await ports.ids.next('strategy')
      // Secrets without a strategy open nothing; a strategy without its secrets could not be used.
      await ports.strategySecrets.put(strategyId, secrets)
      const handled = await runner.append(
        { stream: streams.strategy(strategyId), context, body: ['createStrategy', body] },
        'none',
        decisions.createStrategy({
          strategy_id: strategyId,
          name: command.name,
          strategy_type: command.type,
          configs: command.configs,
        })
      )
      return { ...handled, strategyId }
    },

    /** @throws DomainError E_STRATEGY_NOT_FOUND */
    async changeStrategy(
      { secrets, ...command }: ChangeStrategy,
      context: CommandContext
    ): Promise<Handled> {
      const secretsChanged = Object.keys(secrets).toSorted()
      return runner.decide({
        stream: streams.strategy(command.strategyId),
        context,
        body: ['changeStrategy', { ...command, secretsChanged }],
        evolve: evolveStrategy,
        decide: async (strategy) => {
          const events = decisions.changeStrategy(strategy, { ...command, secretsChanged })
          await ports.strategySecrets.put(command.strategyId, secrets)
          return events
        },
      })
    },

    /** @throws DomainError E_STRATEGY_NOT_FOUND, E_STRATEGY_IN_USE */
    async deleteStrategy(
      command: { strategyId: number },
      context: CommandContext
    ): Promise<Handled> {
      const images = strategyImagesScope(command.strategyId)
      try {
        const handled = await runner.decide({
          stream: streams.strategy(command.strategyId),
          context,
          body: ['deleteStrategy', command],
          limits: { [images]: EMPTY_STRATEGY_LIMIT },
          evolve: evolveStrategy,
          decide: decisions.deleteStrategy,
        })
        await ports.strategySecrets.remove(command.strategyId)
        return handled
      } catch (error) {
        if (error instanceof BudgetExceededError && error.scope === images) {
          throw new DomainError('E_STRATEGY_IN_USE', 'Images are stored there: move them first')
        }
        throw error
      }
    },
  }
}
