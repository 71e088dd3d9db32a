import type pg from 'pg'
import type { MailedTokens } from '#auth/mailed_tokens'
import type { KeyRing } from '#event_store/key_ring'
import type { EventStore } from '#event_store/port'
import type { Handlers } from '#handlers/index'
import type { RebuildResult, RebuildWish } from '#projections/rebuild'
import type { Mailer } from '#mail/mailer'
import type { ObjectStores } from '#storage/object_registry'
import type { VariantFiles } from '#storage/variant_files'

/** What workers work with. */
export interface WorkerPorts {
  pool: pg.Pool
  eventStore: EventStore
  /** The keys of people's data, as the event store reads with them. */
  keyRing: KeyRing
  /** For connections beside the pool. */
  databaseUrl: string
  handlers: Handlers
  objectStores: Pick<ObjectStores, 'get'>
  /** Variants of images that this machine has made. */
  variantFiles: VariantFiles
  mailer: Mailer
  mailedTokens: MailedTokens
  /** Rebuilds read models where that holds up nothing else. */
  rebuild: (wish: RebuildWish) => Promise<RebuildResult[]>
  /** The address that the site was started with, without a trailing slash. */
  appUrl: string
}
