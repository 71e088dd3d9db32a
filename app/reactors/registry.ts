import { accounts } from './accounts.ts'
import { audit } from './audit.ts'
import { expiry } from './expiry.ts'
import { accountExports } from './exports.ts'
import { imports } from './imports.ts'
import { mail } from './mail.ts'
import { maintenance } from './maintenance.ts'
import { moderation } from './moderation.ts'
import type { Reactor } from './reactor.ts'
import { shares } from './shares.ts'
import { storage } from './storage.ts'
import { thumbnails } from './thumbnails.ts'

/** Every reactor. A new one is a file of its own and a line here. */
export const reactors: readonly Reactor[] = [
  thumbnails,
  expiry,
  audit,
  moderation,
  accounts,
  maintenance,
  accountExports,
  storage,
  mail,
  shares,
  imports,
]
