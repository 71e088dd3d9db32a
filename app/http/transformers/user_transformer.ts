import { userSettingsOf } from '#read_models/user_settings'
import type { AccountView, DeletedAccountView, UsageView, UserView } from '#read_models/views'

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

/** An account as administrators see it. */
export function transformAdministeredUser(user: UserView) {
  return {
    id: user.accountId,
    email: user.email,
    name: user.name,
    role: user.role,
    status: user.frozen ? 0 : 1,
    group_id: user.groupId,
    group_name: user.groupName,
    capacity_bytes: user.capacityBytes,
    used_bytes: user.usedBytes,
    image_num: user.imageNum,
    album_num: user.albumNum,
    email_verified: user.emailVerified,
    created_at: user.createdAt,
  }
}

/** `retention` is how long deleted accounts can be restored, in milliseconds. */
export function transformDeletedUser(account: DeletedAccountView, retention: number) {
  return {
    id: account.accountId,
    email: account.email,
    role: account.role,
    deleted_at: account.deletedAt,
    restorable_until: new Date(Date.parse(account.deletedAt) + retention).toISOString(),
  }
}
