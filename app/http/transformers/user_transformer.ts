import { userSettingsOf } from '#read_models/user_settings'
import type { AccountView, UsageView } from '#read_models/views'

export function transformUser(account: AccountView, usage: UsageView) {
  return {
    id: account.accountId,
    email: account.email,
    name: account.name,
    role: account.role,
    status: account.frozen ? 0 : 1,
    capacity_bytes: account.capacityBytes,
    used_bytes: usage.usedBytes,
    image_num: usage.imageNum,
    album_num: usage.albumNum,
    settings: userSettingsOf(account.settings),
    email_verified: account.emailVerified,
    created_at: account.createdAt,
  }
}
