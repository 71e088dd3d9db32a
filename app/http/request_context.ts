import { createHash } from 'node:crypto'
import type { HttpContext } from '@adonisjs/core/http'
import type { CommandContext } from '#handlers/command_context'
import { actorOf, type Identity } from '#auth/identity'
import type { EventSource } from '#event_store/port'
import { InvalidFieldsError } from './errors.ts'

const LONGEST_USER_AGENT = 512

const IDEMPOTENCY_KEY = /^[A-Za-z0-9._:-]{1,128}$/

/**
 * The circumstances of an upload: under an `Idempotency-Key`, sending it again has no second effect. The same key of
 * two accounts is two commands; a visitor's key is nobody's.
 *
 * @throws InvalidFieldsError
 */
export function uploadContextOf(ctx: HttpContext, identity: Identity | null): CommandContext {
  const key = ctx.request.header('idempotency-key')
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) {
    throw new InvalidFieldsError({
      'Idempotency-Key': ['The key is not 1 to 128 plain characters'],
    })
  }
  const isOurs = key !== undefined && identity !== null
  return {
    ...commandContextOf(ctx, identity),
    commandId: isOurs ? `upload ${identity.accountId} ${digestOf(key)}` : undefined,
  }
}

/** What clients choose as a key may say something of a person, a file's name for instance, and ids of commands stay for ever. */
function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}

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
    ip: ctx.request.ip(),
    userAgent: ctx.request.header('user-agent')?.slice(0, LONGEST_USER_AGENT) ?? null,
    source,
  }
}
