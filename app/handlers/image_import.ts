import { requireAlbumOf } from '#domain/album/decide'
import { evolveAlbum } from '#domain/album/state'
import * as decisions from '#domain/image_import/decide'
import type { ImportWishes } from '#domain/image_import/events'
import { evolveImageImport } from '#domain/image_import/state'
import { streams } from '#domain/streams'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'
import { loadState } from './load_state.ts'
import type { IdSource } from './ports.ts'

export interface RequestImport {
  ownerId: number
  url: string
  wishes: ImportWishes
}

export type ImageImportHandlers = ReturnType<typeof createImageImportHandlers>

export function createImageImportHandlers(ports: { store: EventStore; ids: IdSource }) {
  const runner = new CommandRunner(ports.store)

  return {
    /** @throws DomainError E_ALBUM_NOT_FOUND */
    async requestImport(
      command: RequestImport,
      context: CommandContext
    ): Promise<Handled & { importId: number }> {
      const { ownerId, url, wishes } = command
      if (wishes.album_id !== null) {
        const album = await loadState(ports.store, streams.album(wishes.album_id), evolveAlbum)
        requireAlbumOf(album, ownerId)
      }
      const importId = await ports.ids.next('image')
      const handled = await runner.append(
        { stream: streams.imageImport(importId), context, body: ['requestImport', command] },
        'none',
        decisions.requestImport({
          import_id: importId,
          owner_id: ownerId,
          url,
          wishes,
        })
      )
      return { ...handled, importId: importIdOf(handled) }
    },

    /** Does nothing when the import has ended. */
    async settleImport(
      command: { importId: number; outcome: decisions.ImportOutcome },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.imageImport(command.importId),
        context,
        body: ['settleImport', { importId: command.importId }],
        evolve: evolveImageImport,
        decide: (state) => decisions.settleImport(state, command.outcome),
      })
    },
  }
}

/** A repeated command answers the import of the first time. */
function importIdOf({ events }: Handled): number {
  const requested = events.find((event) => event.type === 'image_import.requested')
  if (requested === undefined) {
    throw new Error('An import was recorded without its event')
  }
  return requested.data.import_id
}
