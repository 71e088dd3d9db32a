import { DomainError } from '../domain_error.ts'
import type { Requester } from '../requester.ts'
import type { Image } from './state.ts'

/** @throws DomainError E_IMAGE_NOT_FOUND */
export function requireLiving(image: Image | null): Image {
  if (image === null || image.gone) {
    throw new DomainError('E_IMAGE_NOT_FOUND', 'Image not found')
  }
  return image
}

/**
 * Whether it exists is not told to those who may not change it.
 *
 * @throws DomainError E_IMAGE_NOT_FOUND
 */
export function requireChangeable(image: Image | null, { requesterId, isAdmin }: Requester): Image {
  const isOwner = image !== null && image.ownerId !== null && image.ownerId === requesterId
  if (image === null || image.gone || !(isOwner || isAdmin)) {
    throw new DomainError('E_IMAGE_NOT_FOUND', 'Image not found')
  }
  return image
}
