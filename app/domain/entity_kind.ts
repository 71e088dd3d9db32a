/** What bears an integer id that the API shows. */
export type EntityKind =
  'image' | 'album' | 'account' | 'api_token' | 'group' | 'strategy' | 'share'
