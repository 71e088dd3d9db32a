import type { ExportView } from '#read_models/views'

/** `base` is what links start with. */
export function transformExport(archive: ExportView, base: string) {
  const isReady = archive.state === 'ready'
  return {
    state: archive.state,
    requested_at: archive.requestedAt,
    made_at: archive.madeAt,
    size_bytes: archive.sizeBytes,
    expires_at: archive.expiresAt,
    url: isReady ? `${base}/api/v1/users/me/export/archive` : null,
  }
}
