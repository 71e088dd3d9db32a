import type { ImageImportView, ImageView } from '#read_models/views'
import { transformImage } from './image_transformer.ts'

/** Why an import failed, for the person who asked for it. A code without a sentence is still a code. */
const REASONS: Readonly<Record<string, string>> = {
  E_URL_INVALID: 'The address, or one it leads to, is not one of the web: http(s)://…',
  E_URL_FORBIDDEN: 'The address, or one it leads to, is not on the public internet',
  E_REMOTE_UNREACHABLE: 'The address cannot be reached',
  E_REMOTE_TOO_SLOW: 'The address took too long to answer',
  E_REMOTE_REFUSED: 'The address does not answer with a file',
  E_REMOTE_TOO_LARGE: 'The file is larger than your group may upload',
  E_FILE_TOO_LARGE: 'The file is larger than your group may upload',
  E_FILE_EMPTY: 'The file is empty',
  E_NOT_AN_IMAGE: 'The file is not an image',
  E_IMAGE_UNSUPPORTED: 'The file is not an image of a kind that is accepted',
  E_IMAGE_CORRUPT: 'The image is damaged',
  E_IMAGE_TOO_LARGE: 'The image has too many pixels or frames',
  E_EXTENSION_NOT_ALLOWED: 'Images of this kind are not accepted here',
  E_STORAGE_FULL: 'The storage is full',
  E_STRATEGY_NOT_ALLOWED: 'Your group may not store images there',
  E_ALBUM_NOT_FOUND: 'The album is gone',
  E_ACCOUNT_CLOSED: 'The account is frozen or was deleted',
  E_GIVEN_UP: 'It could not be done here, although it was tried again and again',
}

/** An import; `image` is the one it made, `null` also when that has been deleted since. */
export function transformImageImport(
  { importId, status, code, createdAt, settledAt }: ImageImportView,
  image: ImageView | null,
  base: string
) {
  return {
    id: importId,
    status,
    image: image === null ? null : transformImage(image, base),
    reason: code === null ? null : { code, message: REASONS[code] ?? 'The image was refused' },
    created_at: createdAt,
    settled_at: settledAt,
  }
}
