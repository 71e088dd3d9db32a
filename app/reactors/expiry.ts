import type { Reactor } from './reactor.ts'

/** An image with an end is looked at when it comes; whether it is due is decided then. */
export const expiry: Reactor = (event) => {
  switch (event.type) {
    case 'image.uploaded':
      return at(event.data.image_id, event.data.expires_at)
    case 'image.expiry_changed':
      return at(event.data.image_id, event.data.to)
    default:
      return null
  }
}

function at(imageId: number, runAt: string | null) {
  return runAt === null
    ? null
    : ({ queue: 'expiry', payload: { image_id: imageId }, runAt } as const)
}
