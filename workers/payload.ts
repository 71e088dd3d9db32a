import { z } from 'zod'

const imagePayload = z.object({ image_id: z.int().positive() })

const accountPayload = z.object({ account_id: z.int().positive() })

/** The account that a job is about. */
export function accountIdOf(payload: unknown): number {
  return accountPayload.parse(payload).account_id
}

/** The image that a job is about. A payload is not trusted: it came through Redis. */
export function imageIdOf(payload: unknown): number {
  return imagePayload.parse(payload).image_id
}
