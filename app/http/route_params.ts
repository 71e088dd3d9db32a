import type { HttpContext } from '@adonisjs/core/http'
import { E_NOT_FOUND } from './errors.ts'

const ID = /^[1-9]\d{0,15}$/
const KEY = /^[a-z0-9]{6,32}$/
const STREAM = /^[a-z_]{1,20}(-[0-9A-Za-z_.:]{1,64})?$/

/** The id in the route. @throws E_NOT_FOUND for what cannot be one. */
export function idParam(ctx: HttpContext): number {
  const text: unknown = ctx.request.param('id')
  const id = typeof text === 'string' && ID.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(id)) {
    throw new E_NOT_FOUND()
  }
  return id
}

export function isImageKey(text: unknown): text is string {
  return typeof text === 'string' && KEY.test(text)
}

/** The image key in the route. @throws E_NOT_FOUND for what cannot be one. */
export function keyParam(ctx: HttpContext): string {
  const key: unknown = ctx.request.param('key')
  if (!isImageKey(key)) {
    throw new E_NOT_FOUND()
  }
  return key
}

/** The name of a stream in the route. @throws E_NOT_FOUND for what cannot be one. */
export function streamParam(ctx: HttpContext): string {
  const stream: unknown = ctx.request.param('stream')
  if (typeof stream !== 'string' || !STREAM.test(stream)) {
    throw new E_NOT_FOUND()
  }
  return stream
}
