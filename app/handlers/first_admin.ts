import { DEFAULT_CAPACITY_BYTES, DEFAULT_GROUP_ID } from '#domain/site/initial_site'
import { ClaimTakenError } from '#event_store/errors'
import type { AccountHandlers, RegisterAccount } from './account.ts'
import type { CommandContext } from './command_context.ts'
import type { SiteHandlers } from './site.ts'

/**
 * Makes the first administrator, and what a site begins with. The claim on being first decides who of several is;
 * `null` for everybody else.
 */
export async function registerFirstAdmin(
  handlers: { site: SiteHandlers; account: AccountHandlers },
  admin: Pick<RegisterAccount, 'email' | 'name' | 'passwordHash'>,
  context: CommandContext
): Promise<{ accountId: number; position: number } | null> {
  await handlers.site.initializeSite(context)
  try {
    return await handlers.account.registerAccount(
      {
        ...admin,
        role: 'admin',
        origin: 'setup',
        groupId: DEFAULT_GROUP_ID,
        capacityBytes: DEFAULT_CAPACITY_BYTES,
        emailVerified: true,
      },
      context
    )
  } catch (error) {
    if (error instanceof ClaimTakenError) {
      return null
    }
    throw error
  }
}
