import * as decisions from '#domain/album/decide'
import { evolveAlbum } from '#domain/album/state'
import type { Requester } from '#domain/requester'
import { streams } from '#domain/streams'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import type { IdSource } from './ports.ts'

export type AlbumHandlers = ReturnType<typeof createAlbumHandlers>

export function createAlbumHandlers(ports: { store: EventStore; ids: IdSource }) {
  const runner = new CommandRunner(ports.store)

  return {
    async createAlbum(
      command: { ownerId: number; name: string; intro: string },
      context: CommandContext
    ): Promise<Handled & { albumId: number }> {
      const albumId = await ports.ids.next('album')
      const handled = await runner.append(
        { stream: streams.album(albumId), context, body: ['createAlbum', command] },
        'none',
        decisions.createAlbum({
          album_id: albumId,
          owner_id: command.ownerId,
          name: command.name,
          intro: command.intro,
        })
      )
      const created = handled.events.find((event) => event.type === 'album.created')
      return { ...handled, albumId: created?.data.album_id ?? albumId }
    },

    /** @throws DomainError E_ALBUM_NOT_FOUND */
    async changeAlbum(
      command: Requester & { albumId: number; name?: string; intro?: string },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.album(command.albumId),
        context,
        body: ['changeAlbum', command],
        evolve: evolveAlbum,
        decide: (album) => decisions.changeAlbum(album, command),
      })
    },

    /** @throws DomainError E_ALBUM_NOT_FOUND */
    async deleteAlbum(
      command: Requester & { albumId: number },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.album(command.albumId),
        context,
        body: ['deleteAlbum', command],
        evolve: evolveAlbum,
        decide: (album) => decisions.deleteAlbum(album, command),
      })
    },
  }
}
