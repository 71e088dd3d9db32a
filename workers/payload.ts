import { z } from 'zod'

const imagePayload = z.object({ image_id: z.int().positive() })

const importPayload = z.object({ import_id: z.int().positive() })

/** The import that a job is about. */
export function importIdOf(payload: unknown): number {
  return importPayload.parse(payload).import_id
}

const accountPayload = z.object({ account_id: z.int().positive() })

/** The account that a job is about. */
export function accountIdOf(payload: unknown): number {
  return accountPayload.parse(payload).account_id
}

const projectionPayload = z.object({ projection: z.string() })

/** The read model that a job is about. */
export function projectionOf(payload: unknown): string {
  return projectionPayload.parse(payload).projection
}

const mailPayload = accountPayload.extend({ purpose: z.enum(['verify_email', 'reset_password']) })

/** What a mail is for, and whose it is. */
export function mailOf(payload: unknown) {
  const { account_id: accountId, purpose } = mailPayload.parse(payload)
  return { accountId, purpose }
}

/** The image that a job is about. A payload is not trusted: it came through Redis. */
export function imageIdOf(payload: unknown): number {
  return imagePayload.parse(payload).image_id
}

const removalPayload = imagePayload.extend({
  strategy_id: z.int().positive().optional(),
  object_key: z.string().min(1).max(512).optional(),
})

/** The object that a job is to remove; without one it is the image's own. */
export function removalOf(payload: unknown) {
  const parsed = removalPayload.parse(payload)
  const { image_id: imageId, strategy_id: strategyId, object_key: objectKey } = parsed
  const object =
    strategyId === undefined || objectKey === undefined ? null : { strategyId, objectKey }
  return { imageId, object }
}
