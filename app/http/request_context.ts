import type { HttpContext } from '@adonisjs/core/http'
import type { CommandContext } from '#handlers/command_context'
import { actorOf, type Identity } from '#auth/identity'
import type { EventSource } from '#event_store/port'

const LONGEST_USER_AGENT = 512

/** The circumstances of a command that a request brings. */
export function commandContextOf(
  ctx: HttpContext,
  identity: Identity | null,
  source: EventSource = 'api'
): CommandContext {
  return {
    actor: actorOf(identity),
    correlationId: ctx.request.id() ?? '',
    causationId: null,
    // An IPv4 client of a socket that takes both kinds.
    ip: ctx.request.ip().replace(/^::ffff:(?=\d+\.)/, ''),
    userAgent: ctx.request.header('user-agent')?.slice(0, LONGEST_USER_AGENT) ?? null,
    source,
  }
}
