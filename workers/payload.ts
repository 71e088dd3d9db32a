import { z } from 'zod'

const imagePayload = z.object({ image_id: z.int().positive() })

/** The image that a job is about. A payload is not trusted: it came through Redis. */
export function imageIdOf(payload: unknown): number {
  return imagePayload.parse(payload).image_id
}
