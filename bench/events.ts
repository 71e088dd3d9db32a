import type { AppendRequest, NewEvent } from '../app/event_store/port.ts'

export const METADATA: AppendRequest['metadata'] = {
  correlation_id: '6f1c9a52-3b1e-4c58-9d7e-0a4b8c2d1e3f',
  causation_id: null,
  actor: { kind: 'account', id: 1, account_id: 1 },
  ip: '203.0.113.7',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  source: 'api',
}

const hex = (value: number, length: number) => value.toString(16).padStart(length, '0')

export function uploadOf(imageId: number, ownerId = 1 + (imageId % 50)) {
  return {
    type: 'image.uploaded',
    data: {
      image_id: imageId,
      key: `k${imageId.toString(36).padStart(7, '0')}`,
      owner_id: ownerId,
      album_id: imageId % 3 === 0 ? 1 + (imageId % 20) : null,
      strategy_id: 1,
      object_key: `originals/${hex(imageId % 256, 2)}/${hex(imageId, 64)}.jpg`,
      names_object: true,
      origin_name: `IMG_${imageId}.jpg`,
      size_bytes: 200_000,
      received_bytes: 210_000,
      processing: 'completed',
      mimetype: 'image/jpeg',
      extension: 'jpg',
      width: 4000,
      height: 3000,
      frames: 1,
      md5: hex(imageId, 32),
      sha1: hex(imageId, 40),
      sha256: hex(imageId, 64),
      permission: 1,
      expires_at: null,
    },
  } satisfies NewEvent
}

export interface Chapter {
  stream: string
  events: NewEvent[]
}

const IMAGES_A_BLOCK = 20
const ACCOUNTS_A_SITE = 1_000
/** Images are moved and deleted so many blocks after their upload, when other events have come between. */
const LATER = 100

/**
 * A site's history, without an end: accounts that come, albums they make, images that get a thumbnail at once and are
 * moved, hidden and deleted later. Chapters of one batch concern different streams.
 */
export function* history(): Generator<Chapter[]> {
  for (let block = 1; ; block++) {
    const first = (block - 1) * IMAGES_A_BLOCK + 1
    const images = Array.from({ length: IMAGES_A_BLOCK }, (_, index) => first + index)
    const old = images.map((id) => id - LATER * IMAGES_A_BLOCK).filter((id) => id > 0)
    yield [
      ...(block <= ACCOUNTS_A_SITE ? [accountChapter(block), tokenChapter(block)] : []),
      albumChapter(block),
      ...images.map(arrival),
      ...old.map(departure),
    ]
  }
}

function accountChapter(id: number): Chapter {
  return {
    stream: `account-${id}`,
    events: [
      {
        type: 'account.registered',
        data: {
          account_id: id,
          email: `person${id}@example.org`,
          name: `Person ${id}`,
          role: 'user',
          group_id: 1,
          capacity_bytes: 1_000_000_000_000,
          email_verified: true,
          origin: 'registration',
        },
      },
      { type: 'account.signed_in', data: { account_id: id } },
      { type: 'account.name_changed', data: { account_id: id, name: `Someone ${id}` } },
    ],
  }
}

function tokenChapter(id: number): Chapter {
  return {
    stream: `api_token-${id}`,
    events: [
      {
        type: 'api_token.created',
        data: { token_id: id, account_id: id, name: 'Phone', scopes: ['write'], expires_at: null },
      },
    ],
  }
}

function albumChapter(id: number): Chapter {
  const ownerId = 1 + (id % ACCOUNTS_A_SITE)
  return {
    stream: `album-${id}`,
    events: [
      {
        type: 'album.created',
        data: { album_id: id, owner_id: ownerId, name: `Summer ${id}`, intro: '' },
      },
      {
        type: 'album.changed',
        data: { album_id: id, owner_id: ownerId, name: `Winter ${id}`, intro: 'Snow' },
      },
    ],
  }
}

function arrival(imageId: number): Chapter {
  const uploaded = uploadOf(imageId)
  const { md5 } = uploaded.data
  return {
    stream: `image-${imageId}`,
    events: [
      uploaded,
      {
        type: 'image.thumbnail_generated',
        data: {
          image_id: imageId,
          md5,
          object_key: `thumbnails/${md5.slice(0, 2)}/${md5}.webp`,
          mimetype: 'image/webp',
          size_bytes: 9_000,
          width: 400,
          height: 300,
          thumbhash: '3OcRJYB4d3h/iIeHeEh3eIhw+j2w',
        },
      },
    ],
  }
}

function departure(imageId: number): Chapter {
  const { data } = uploadOf(imageId)
  return {
    stream: `image-${imageId}`,
    events: [
      {
        type: 'image.moved_to_album',
        data: {
          image_id: imageId,
          owner_id: data.owner_id,
          from_album_id: data.album_id,
          to_album_id: 21,
        },
      },
      imageId % 5 === 0
        ? {
            type: 'image.deleted',
            data: {
              image_id: imageId,
              key: data.key,
              owner_id: data.owner_id,
              album_id: 21,
              strategy_id: data.strategy_id,
              object_key: data.object_key,
              size_bytes: data.size_bytes,
            },
          }
        : { type: 'image.permission_changed', data: { image_id: imageId, from: 1, to: 0 } },
    ],
  }
}
