import type { EventData } from '#domain/catalogue'
import * as decisions from '#domain/projection/decide'
import { evolveProjection } from '#domain/projection/state'
import { streams } from '#domain/streams'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'

export type MaintenanceHandlers = ReturnType<typeof createMaintenanceHandlers>

/** What administrators do to the read models and queues of the site. */
export function createMaintenanceHandlers(ports: { store: EventStore }) {
  const runner = new CommandRunner(ports.store)

  return {
    /** @throws DomainError E_REBUILD_RUNNING */
    async requestRebuild(
      wanted: EventData<'projection.rebuild_requested'>,
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.projection(wanted.projection),
        context,
        body: ['requestRebuild', wanted],
        evolve: evolveProjection,
        decide: (care) => decisions.requestRebuild(care, wanted),
      })
    },

    /** Does nothing when no rebuild was under way. */
    async recordRebuilt(
      outcome: EventData<'projection.rebuilt'>,
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.projection(outcome.projection),
        context,
        body: ['recordRebuilt', { projection: outcome.projection }],
        evolve: evolveProjection,
        decide: (care) => decisions.recordRebuilt(care, outcome),
      })
    },

    /** Does nothing when no rebuild was under way. */
    async recordRebuildFailure(
      { projection }: { projection: string },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.projection(projection),
        context,
        body: ['recordRebuildFailure', { projection }],
        evolve: evolveProjection,
        decide: (care) => decisions.recordRebuildFailure(care, projection),
      })
    },

    async requestParkedRetry(
      wanted: EventData<'projection.retry_requested'>,
      context: CommandContext
    ): Promise<Handled> {
      return runner.append(
        {
          stream: streams.projection(wanted.projection),
          context,
          body: ['requestParkedRetry', wanted],
        },
        'any',
        [{ type: 'projection.retry_requested', data: wanted }]
      )
    },

    async requestQueueRetry(
      wanted: EventData<'queue.retry_requested'>,
      context: CommandContext
    ): Promise<Handled> {
      return runner.append(
        { stream: streams.queue(wanted.queue), context, body: ['requestQueueRetry', wanted] },
        'any',
        [{ type: 'queue.retry_requested', data: wanted }]
      )
    },

    async recordReplay(
      replay: EventData<'queue.replayed'>,
      context: CommandContext
    ): Promise<Handled> {
      return runner.append(
        { stream: streams.queue(replay.queue), context, body: ['recordReplay', replay] },
        'any',
        [{ type: 'queue.replayed', data: replay }]
      )
    },
  }
}
