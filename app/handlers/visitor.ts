import { createHash } from 'node:crypto'
import { streams } from '#domain/streams'
import type { EventStore } from '#event_store/port'
import type { CommandContext } from './command_context.ts'
import { CommandRunner, type Handled } from './command_runner.ts'

/** So many failed sign-ins to unknown accounts are recorded in an hour at most, whoever tries. */
const PLACES_AN_HOUR = 32

export type VisitorHandlers = ReturnType<typeof createVisitorHandlers>

export function createVisitorHandlers(ports: { store: EventStore }) {
  const runner = new CommandRunner(ports.store)

  return {
    /**
     * Records that someone tried to sign in to an account that does not exist. Each hour has a few places, and an
     * address takes always the same: who tries again and again is recorded once, and who tries from everywhere cannot
     * fill the log. The place is the command's id, so that this holds across processes and needs no other memory.
     */
    async recordUnknownSignIn(now: string, context: CommandContext): Promise<Handled> {
      const [day = '', hour = ''] = now.split(/[T:]/)
      const place = placeOf(context.ip ?? '')
      return runner.append(
        {
          stream: streams.visitor(day),
          context: { ...context, commandId: `unknown sign-in ${day} ${hour} ${place}` },
          body: ['recordUnknownSignIn', {}],
        },
        'any',
        [{ type: 'visitor.sign_in_failed', data: { reason: 'unknown_account' } }]
      )
    },
  }
}

/** Too coarse to tell the address from it. */
function placeOf(address: string): number {
  return createHash('sha256').update(address).digest().readUInt32BE() % PLACES_AN_HOUR
}
