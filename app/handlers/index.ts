import type { EventStore } from '#event_store/port'
import { createAccountHandlers, type AccountHandlers } from './account.ts'
import { createAlbumHandlers, type AlbumHandlers } from './album.ts'
import { createApiTokenHandlers, type ApiTokenHandlers } from './api_token.ts'
import { createImageHandlers, type ImageHandlers } from './image.ts'
import type { ApiTokenSecretStore, CredentialStore, IdSource, KeySource } from './ports.ts'
import { createSiteHandlers, type SiteHandlers } from './site.ts'

export interface HandlerPorts {
  store: EventStore
  ids: IdSource
  keys: KeySource
  credentials: CredentialStore
  secrets: ApiTokenSecretStore
}

export interface Handlers {
  image: ImageHandlers
  album: AlbumHandlers
  account: AccountHandlers
  apiToken: ApiTokenHandlers
  site: SiteHandlers
}

export function createHandlers(ports: HandlerPorts): Handlers {
  return {
    image: createImageHandlers(ports),
    album: createAlbumHandlers(ports),
    account: createAccountHandlers(ports),
    apiToken: createApiTokenHandlers(ports),
    site: createSiteHandlers(ports),
  }
}
