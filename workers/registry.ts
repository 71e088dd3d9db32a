import type { Processor } from '#jobs/worker_runtime'
import { AccountsWorker } from './accounts_worker.ts'
import { AuditWorker } from './audit_worker.ts'
import { ExpiryWorker } from './expiry_worker.ts'
import { ExportsWorker } from './exports_worker.ts'
import { ImportsWorker, type ImportsPorts } from './imports_worker.ts'
import { MailWorker } from './mail_worker.ts'
import { MaintenanceWorker } from './maintenance_worker.ts'
import { ModerationWorker } from './moderation_worker.ts'
import type { WorkerPorts } from './ports.ts'
import { SharesWorker } from './shares_worker.ts'
import { StorageWorker } from './storage_worker.ts'
import { ThumbnailsWorker, type ThumbnailsPorts } from './thumbnails_worker.ts'

/** Every worker. A new one is a file of its own and a line here. */
export function createProcessors(ports: WorkerPorts & ImportsPorts & ThumbnailsPorts): Processor[] {
  return [
    new ThumbnailsWorker(ports),
    new ExpiryWorker(ports),
    new AuditWorker(ports),
    new ModerationWorker(ports),
    new AccountsWorker(ports),
    new ExportsWorker(ports),
    new MaintenanceWorker(ports),
    new StorageWorker(ports),
    new MailWorker(ports),
    new SharesWorker(ports),
    new ImportsWorker(ports),
  ]
}
