import { accounts } from './accounts.ts'
import { albums } from './albums.ts'
import { apiTokens } from './api_tokens.ts'
import { deletedAccounts } from './deleted_accounts.ts'
import { accountExports } from './exports.ts'
import { groups } from './groups.ts'
import { imageImports } from './image_imports.ts'
import { images } from './images.ts'
import type { AnyProjection } from './projection.ts'
import { shares } from './shares.ts'
import { siteSettings } from './site_settings.ts'
import { strategies } from './strategies.ts'
import { usage } from './usage.ts'

/** Every read model. A new one is a file of its own and a line here. */
export const projections: readonly AnyProjection[] = [
  images,
  albums,
  accounts,
  deletedAccounts,
  accountExports,
  apiTokens,
  groups,
  strategies,
  siteSettings,
  usage,
  shares,
  imageImports,
]
