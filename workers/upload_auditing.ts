import { DEFAULT_SITE_SETTINGS } from '#domain/site/settings'
import { streams } from '#domain/streams'
import type { EventStore } from '#event_store/port'

/**
 * Whether uploads were audited at a place in the log: what `audit_upload_logs` was there. Switching it on or off says
 * nothing of what was uploaded before, and a rebuild comes to the same entries.
 */
export class UploadAuditing {
  readonly #eventStore: Pick<EventStore, 'readStream'>
  readonly #changes: Array<{ position: number; audited: boolean }> = []
  #version = 0

  constructor(eventStore: Pick<EventStore, 'readStream'>) {
    this.#eventStore = eventStore
  }

  /** Learns of the changes since; to be called when the events in question are known to be in the log. */
  async catchUp(): Promise<void> {
    const events = await this.#eventStore.readStream(streams.site(), {
      from: this.#version + 1,
      types: ['site.settings_changed'],
    })
    for (const event of events) {
      // Two calls at once read the same events.
      if (event.type === 'site.settings_changed' && event.version > this.#version) {
        this.#version = event.version
        const audited = event.data.changes['audit_upload_logs']
        if (typeof audited === 'boolean') {
          this.#changes.push({ position: event.position, audited })
        }
      }
    }
  }

  auditedAt(position: number): boolean {
    const last = this.#changes.findLast((change) => change.position < position)
    return last?.audited ?? DEFAULT_SITE_SETTINGS.audit_upload_logs
  }
}
