import type { EventType } from '../catalogue.ts'

/** What whoever acted did, as it stands after their name. A new type of event does not compile without its words. */
export const EVENT_WORDS: { readonly [Type in EventType]: string } = {
  'image.uploaded': 'uploaded the image',
  'image.moved_to_album': 'moved the image to another album, or out of one',
  'image.permission_changed': 'changed who may see the image',
  'image.expiry_changed': 'changed when the image expires',
  'image.deleted': 'deleted the image',
  'image.restored': 'brought the deleted image back',
  'image.purged': 'deleted the image for good',
  'image.object_removed': 'removed the bytes of the image',
  'image.object_moved': 'moved the bytes of the image to another strategy',
  'image.expired': 'let the image expire',
  'image.thumbnail_generated': 'made the thumbnail',
  'image.thumbnail_failed': 'could not make a thumbnail',
  'image.held_for_moderation': 'held the image back for a moderator',
  'image.approved': 'approved the image',
  'image.rejected': 'rejected the image',
  'image.shared': 'shared the image by a link',
  'image.shares_revoked': 'revoked shared links of the image',
  'image_import.requested': 'asked for an image to be fetched',
  'image_import.completed': 'fetched the image',
  'image_import.failed': 'could not fetch the image',
  'share.viewed': 'counted views of the shared link',

  'album.created': 'made the album',
  'album.changed': 'changed the album',
  'album.deleted': 'deleted the album',

  'account.registered': 'registered the account',
  'account.name_changed': 'changed the name',
  'account.settings_changed': 'changed the settings of the account',
  'account.password_changed': 'changed the password',
  'account.signed_in': 'signed in',
  'account.sign_in_failed': 'tried to sign in, in vain',
  'account.signed_out': 'signed out',
  'account.session_revoked': 'ended a session',
  'account.email_changed': 'changed the e-mail address',
  'account.email_verified': 'confirmed the e-mail address',
  'account.verification_requested': 'asked for a mail to confirm the address',
  'account.password_reset_requested': 'asked for a mail to reset the password',
  'account.role_changed': 'changed the role',
  'account.group_changed': 'moved the account to another group',
  'account.capacity_changed': 'changed how much the account may hold',
  'account.frozen': 'froze the account',
  'account.unfrozen': 'unfroze the account',
  'account.deleted': 'deleted the account',
  'account.restored': 'brought the deleted account back',
  'account.forgotten': 'forgot the person',
  'account.export_requested': 'asked for an archive of all that the site has of the person',
  'account.export_made': 'made the archive',
  'account.export_failed': 'could not make the archive',
  'account.export_withdrawn': 'took the archive away',

  'api_token.created': 'made the API token',
  'api_token.revoked': 'revoked the API token',

  'group.created': 'made the group',
  'group.changed': 'changed the group',
  'group.strategies_changed': 'changed where the group may store images',
  'group.deleted': 'deleted the group',

  'strategy.created': 'made the storage strategy',
  'strategy.changed': 'changed the storage strategy',
  'strategy.deleted': 'deleted the storage strategy',

  'site.settings_changed': 'changed settings of the site',
  'site.default_group_changed': 'chose another group for new accounts',
  'site.guest_group_changed': 'chose another group for guests',

  'visitor.sign_in_failed': 'tried to sign in to an account that does not exist',

  'projection.rebuild_requested': 'asked for the read model to be rebuilt',
  'projection.rebuilt': 'rebuilt the read model',
  'projection.rebuild_failed': 'could not rebuild the read model',
  'projection.retry_requested': 'asked for parked events to be folded again',

  'queue.retry_requested': 'asked for work that was given up to be done after all',
  'queue.replayed': 'had work done again on purpose',
}

/** Who acted, as far as it may be told. `name` is null where it is not known, forgotten, or not the reader's business. */
export interface NamedActor {
  kind: 'account' | 'api_token' | 'anonymous' | 'system'
  userId: number | null
  name: string | null
}

/** One sentence of an event, such as "Ada deleted the image". */
export function sentence(actor: NamedActor, type: EventType): string {
  return `${subjectOf(actor)} ${EVENT_WORDS[type]}`
}

function subjectOf({ kind, userId, name }: NamedActor): string {
  switch (kind) {
    case 'system':
      return 'The site'
    case 'anonymous':
      return 'A visitor'
    case 'api_token':
    case 'account': {
      const who = name ?? (userId === null ? 'An administrator' : `Account ${userId}`)
      return kind === 'api_token' ? `${who}, by an API token,` : who
    }
  }
}
