import { randomUUID } from 'node:crypto'
import hash from '@adonisjs/core/services/hash'
import { Passwords } from '#auth/passwords'
import { SYSTEM_ACTOR } from '#handlers/command_context'
import { registerFirstAdmin } from '#handlers/first_admin'
import { isSetUp } from '#http/set_up'
import env from './env.ts'
import type { Services } from './services.ts'

/**
 * Makes the administrator that ADMIN_EMAIL and ADMIN_PASSWORD name, while the site has no account. Answers the position
 * that read models must reach to show it, 0 when nothing was done.
 */
export async function ensureFirstAdmin({ handlers, pool, eventStore }: Services): Promise<number> {
  const email = env.get('ADMIN_EMAIL')
  const password = env.get('ADMIN_PASSWORD')
  if (email === undefined || password === undefined || (await isSetUp(eventStore))) {
    return 0
  }
  const passwordHash = await new Passwords(pool, hash).hash(password)
  const admin = await registerFirstAdmin(
    handlers,
    { email, name: env.get('ADMIN_NAME'), passwordHash },
    {
      actor: SYSTEM_ACTOR,
      correlationId: randomUUID(),
      causationId: null,
      ip: null,
      userAgent: null,
      source: 'setup',
    }
  )
  return admin?.position ?? 0
}
