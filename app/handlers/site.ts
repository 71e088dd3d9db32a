import type { Json } from '#domain/event_definition'
import * as decisions from '#domain/site/decide'
import { evolveSite } from '#domain/site/state'
import { initialSite } from '#domain/site/initial_site'
import { streams } from '#domain/streams'
import { VersionConflictError } from '#event_store/errors'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'

export type SiteHandlers = ReturnType<typeof createSiteHandlers>

export function createSiteHandlers(ports: { store: EventStore }) {
  const runner = new CommandRunner(ports.store)

  return {
    /** Records those of the settings that differ from what they are. */
    async changeSettings(
      settings: Record<string, Json>,
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.site(),
        context,
        body: ['changeSettings', settings],
        evolve: evolveSite,
        decide: (site) => decisions.changeSettings(site, settings),
      })
    },

    /** Gives a new site its first strategy and groups; does nothing for what is there. Answers the last position. */
    async initializeSite(context: CommandContext): Promise<{ position: number }> {
      let position = 0
      for (const { stream, event } of initialSite()) {
        try {
          const handled = await runner.append(
            { stream, context, body: ['initializeSite', event] },
            'none',
            [event]
          )
          position = handled.position
        } catch (error) {
          if (!(error instanceof VersionConflictError)) {
            throw error
          }
        }
      }
      return { position }
    },
  }
}
