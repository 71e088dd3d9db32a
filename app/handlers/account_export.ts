import * as decisions from '#domain/account/exports'
import { evolveAccount } from '#domain/account/state'
import { streams } from '#domain/streams'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'

export interface ExportArchive {
  strategyId: number
  objectKey: string
  sizeBytes: number
  /** RFC 3339, UTC, milliseconds. */
  expiresAt: string
}

/** Archives of all that the site has of a person. */
export function createExportHandlers(ports: { store: EventStore }) {
  const runner = new CommandRunner(ports.store)

  return {
    /** Does nothing while one is being made. @throws DomainError E_ACCOUNT_NOT_FOUND */
    async requestExport(command: { accountId: number }, context: CommandContext): Promise<Handled> {
      return runner.decide({
        stream: streams.account(command.accountId),
        context,
        body: ['requestExport', command],
        evolve: evolveAccount,
        decide: decisions.requestExport,
      })
    },

    /** Does nothing when nobody waits for it any more. */
    async recordExport(
      { accountId, ...archive }: ExportArchive & { accountId: number },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.account(accountId),
        context,
        body: ['recordExport', { accountId }],
        evolve: evolveAccount,
        decide: (account) =>
          decisions.recordExport(account, {
            strategy_id: archive.strategyId,
            object_key: archive.objectKey,
            size_bytes: archive.sizeBytes,
            expires_at: archive.expiresAt,
          }),
      })
    },

    /** Does nothing when nobody waits for it any more. */
    async recordExportFailure(
      command: { accountId: number },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.account(command.accountId),
        context,
        body: ['recordExportFailure', command],
        evolve: evolveAccount,
        decide: decisions.recordExportFailure,
      })
    },

    /** Withdraws an archive whose time has come at `now` (RFC 3339); does nothing for any other. */
    async expireExport(
      command: { accountId: number; now: string },
      context: CommandContext
    ): Promise<Handled> {
      return runner.decide({
        stream: streams.account(command.accountId),
        context,
        body: ['expireExport', { accountId: command.accountId }],
        evolve: evolveAccount,
        decide: (account) => decisions.expireExport(account, command.now),
      })
    },
  }
}
