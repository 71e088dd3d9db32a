import { shareViewsScope } from '#domain/guards'
import { DomainError } from '#domain/domain_error'
import * as decisions from '#domain/image/shares'
import { evolveImage } from '#domain/image/state'
import type { Requester } from '#domain/requester'
import { streams } from '#domain/streams'
import { BudgetExceededError } from '#event_store/errors'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import type { IdSource } from './ports.ts'

export interface ShareImage extends Requester {
  imageId: number
  /** RFC 3339, UTC, milliseconds. */
  expiresAt: string
  /** How often the link may be opened; `null` for no bound. */
  maxViews: number | null
  /** When the command is given. */
  now: string
}

export type ShareHandlers = ReturnType<typeof createShareHandlers>

export function createShareHandlers(ports: { store: EventStore; ids: IdSource }) {
  const runner = new CommandRunner(ports.store)

  return {
    /** @throws DomainError E_IMAGE_NOT_FOUND, E_IMAGE_NOT_APPROVED, E_TOO_MANY_SHARES */
    async shareImage(
      { now, ...command }: ShareImage,
      context: CommandContext
    ): Promise<Handled & { shareId: number }> {
      const shareId = await ports.ids.next('share')
      const handled = await runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['shareImage', command],
        evolve: evolveImage,
        decide: (image) => decisions.shareImage(image, { ...command, shareId }, now),
      })
      return { ...handled, shareId }
    },

    /** @throws DomainError E_IMAGE_NOT_FOUND, E_SHARE_NOT_FOUND */
    async revokeShare(
      command: Requester & { imageId: number; shareId: number },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['revokeShare', command],
        evolve: evolveImage,
        decide: (image) => decisions.revokeShare(image, command),
      })
    },

    /** Ends all links of an image, whoever made them; does nothing where there are none. */
    async revokeShares(
      command: { imageId: number; reason: decisions.RevocationReason },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.image(command.imageId),
        context,
        body: ['revokeShares', command],
        evolve: evolveImage,
        decide: (image) => decisions.revokeShares(image, command.reason),
      })
    },

    /**
     * Records that a link was opened. `maxViews` is never exceeded, however many try at the same moment: it bounds a
     * budget of the log.
     *
     * @throws DomainError E_SHARE_USED_UP when they do not fit, or the link was revoked
     */
    async recordViews(
      { maxViews, ...command }: { shareId: number; views: number; maxViews: number | null },
      context: CommandContext
    ): Promise<Handled> {
      const { shareId, views } = command
      try {
        return await runner.append(
          {
            stream: streams.share(shareId),
            context,
            body: ['recordViews', command],
            limits: maxViews === null ? {} : { [shareViewsScope(shareId)]: maxViews },
          },
          'any',
          [{ type: 'share.viewed', data: { share_id: shareId, views } }]
        )
      } catch (error) {
        throw error instanceof BudgetExceededError
          ? new DomainError('E_SHARE_USED_UP', 'This link was opened as often as it may be')
          : error
      }
    },
  }
}
