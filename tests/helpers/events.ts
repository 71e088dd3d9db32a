import type { EventData } from '#domain/catalogue'
import type { AppendRequest, NewEvent } from '#event_store/port'

export const METADATA: AppendRequest['metadata'] = {
  correlation_id: 'test',
  causation_id: null,
  actor: { kind: 'account', id: 1, account_id: 1 },
  ip: '203.0.113.7',
  user_agent: 'tests',
  source: 'api',
}

/** The payload of an upload, with what a test wants otherwise. */
export function uploadData(
  imageId: number,
  changes: Partial<EventData<'image.uploaded'>> = {}
): EventData<'image.uploaded'> {
  return {
    image_id: imageId,
    key: `k${imageId.toString(36).padStart(6, '0')}`,
    owner_id: 1,
    album_id: null,
    strategy_id: 1,
    object_key: `originals/${imageId}.jpg`,
    names_object: true,
    origin_name: `holiday ${imageId}.jpg`,
    size_bytes: 1000,
    received_bytes: 1200,
    processing: 'completed',
    mimetype: 'image/jpeg',
    extension: 'jpg',
    width: 640,
    height: 480,
    frames: 1,
    md5: imageId.toString(16).padStart(32, '0'),
    sha1: imageId.toString(16).padStart(40, '0'),
    sha256: imageId.toString(16).padStart(64, '0'),
    permission: 1,
    expires_at: null,
    ...changes,
  }
}

/** What the end of an uploaded image gives back. */
export function removalData(upload: EventData<'image.uploaded'>): EventData<'image.deleted'> {
  return {
    image_id: upload.image_id,
    key: upload.key,
    owner_id: upload.owner_id,
    album_id: upload.album_id,
    strategy_id: upload.strategy_id,
    object_key: upload.object_key,
    size_bytes: upload.size_bytes,
  }
}

export function uploaded(imageId: number, changes: Partial<EventData<'image.uploaded'>> = {}) {
  return { type: 'image.uploaded', data: uploadData(imageId, changes) } satisfies NewEvent
}

export function renamed(albumId: number, name: string): NewEvent {
  return { type: 'album.changed', data: { album_id: albumId, owner_id: 1, name, intro: '' } }
}
