import type { EventStore } from '#event_store/port'
import { createAccountHandlers, type AccountHandlers } from './account.ts'
import { createAlbumHandlers, type AlbumHandlers } from './album.ts'
import { createApiTokenHandlers, type ApiTokenHandlers } from './api_token.ts'
import { createImageHandlers, type ImageHandlers } from './image.ts'
import { createImageImportHandlers, type ImageImportHandlers } from './image_import.ts'
import { createMaintenanceHandlers, type MaintenanceHandlers } from './maintenance.ts'
import type {
  ApiTokenSecretStore,
  CredentialStore,
  IdSource,
  KeySource,
  StrategySecretStore,
} from './ports.ts'
import { createGroupHandlers, type GroupHandlers } from './group.ts'
import { createStoredObjectHandlers, type StoredObjectHandlers } from './stored_object.ts'
import { createStrategyHandlers, type StrategyHandlers } from './strategy.ts'
import { createShareHandlers, type ShareHandlers } from './share.ts'
import { createSiteHandlers, type SiteHandlers } from './site.ts'
import { createVisitorHandlers, type VisitorHandlers } from './visitor.ts'

export interface HandlerPorts {
  store: EventStore
  ids: IdSource
  keys: KeySource
  credentials: CredentialStore
  secrets: ApiTokenSecretStore
  strategySecrets: StrategySecretStore
}

export interface Handlers {
  image: ImageHandlers
  imageImport: ImageImportHandlers
  album: AlbumHandlers
  account: AccountHandlers
  apiToken: ApiTokenHandlers
  group: GroupHandlers
  storedObject: StoredObjectHandlers
  strategy: StrategyHandlers
  share: ShareHandlers
  site: SiteHandlers
  visitor: VisitorHandlers
  maintenance: MaintenanceHandlers
}

export function createHandlers(ports: HandlerPorts): Handlers {
  return {
    image: createImageHandlers(ports),
    imageImport: createImageImportHandlers(ports),
    album: createAlbumHandlers(ports),
    account: createAccountHandlers(ports),
    apiToken: createApiTokenHandlers(ports),
    group: createGroupHandlers(ports),
    storedObject: createStoredObjectHandlers(ports),
    strategy: createStrategyHandlers(ports),
    share: createShareHandlers(ports),
    site: createSiteHandlers(ports),
    visitor: createVisitorHandlers(ports),
    maintenance: createMaintenanceHandlers(ports),
  }
}
