import vine from '@vinejs/vine'
import { LARGEST_CAPACITY_BYTES } from '#domain/guards'
import type { Permission } from '#domain/values'
import { parseDuration } from '#domain/duration'

/** Text that PostgreSQL and JSON can hold: well-formed, without control characters but tab and line breaks. */
const CONTROL_CHARACTERS = /[^\P{Cc}\t\n\r]/u

const isCleanText = vine.createRule((value, _options, field) => {
  if (typeof value === 'string' && (CONTROL_CHARACTERS.test(value) || !value.isWellFormed())) {
    field.report('The {{ field }} field has characters that cannot be stored', 'text', field)
  }
})

const isWithinBytes = vine.createRule<{ min: number; max: number }>((value, limits, field) => {
  if (typeof value !== 'string') {
    return
  }
  const bytes = Buffer.byteLength(value)
  if (bytes < limits.min || bytes > limits.max) {
    field.report('The {{ field }} field must have {{ min }} to {{ max }} bytes', 'bytes', field, {
      ...limits,
    })
  }
})

const isWholeNumber = vine.createRule<{ min: number; max: number }>((value, limits, field) => {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
  if (!(number >= limits.min && number <= limits.max)) {
    const message = 'The {{ field }} field must be a whole number from {{ min }} to {{ max }}'
    field.report(message, 'wholeNumber', field, { ...limits })
  }
})

const isDuration = vine.createRule((value, _options, field) => {
  if (typeof value === 'string' && parseDuration(value) === null) {
    field.report(
      'The {{ field }} field must be a duration such as 30m, 24h, 7d or 1y',
      'duration',
      field
    )
  }
})

const isTimeToLive = vine.createRule((value, _options, field) => {
  if (typeof value === 'string' && value !== '0' && parseDuration(value) === null) {
    const message = 'The {{ field }} field must be 0 or a duration such as 24h, 720h or 7d'
    field.report(message, 'timeToLive', field)
  }
})

const isUrlOrEmpty = vine.createRule((value, _options, field) => {
  if (typeof value !== 'string' || value === '') {
    return
  }
  const isWeb = URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol)
  if (!isWeb) {
    field.report('The {{ field }} field must be an http(s) address, or empty', 'url', field)
  }
})

/** Text of at most so many characters. */
export const text = (maximumLength: number) =>
  vine.string().maxLength(maximumLength).use(isCleanText())

/** A name: text that is more than blanks; blanks around it are dropped. */
export const name = (maximumLength: number) =>
  vine.string().trim().minLength(1).maxLength(maximumLength).use(isCleanText())

/** Kept in lower case, as addresses are compared. */
export const email = () =>
  vine.string().trim().toLowerCase().maxLength(254).use(isCleanText()).email()

/** A password to be set. 72 bytes is where other hashes end, so that a site can change its hash. */
export const newPassword = () => vine.string().use(isWithinBytes({ min: 8, max: 72 }))

/** A password to be checked: any that could have been set, and none that would cost much to hash. */
export const givenPassword = () => vine.string().use(isWithinBytes({ min: 1, max: 1024 }))

/** An id in JSON. */
export const id = () =>
  vine.number({ strict: true }).withoutDecimals().range([1, Number.MAX_SAFE_INTEGER])

/** A whole number in a query or a form, where all values are text. */
export const wholeNumber = (min: number, max: number) =>
  vine.string().use(isWholeNumber({ min, max })).transform(Number)

/** In JSON: 0 private, 1 public. */
export const permission = () => vine.enum([0, 1] as const)

/** The same in a query or a form. */
export const permissionText = () =>
  vine.enum(['0', '1'] as const).transform((value): Permission => (value === '1' ? 1 : 0))

/** An address of the web, or nothing. */
export const optionalUrl = () => vine.string().trim().maxLength(2048).use(isUrlOrEmpty())

/** A whole number in JSON. */
export const integer = (min: number, max: number) =>
  vine.number({ strict: true }).withoutDecimals().range([min, max])

/** A sum of bytes in JSON, 1 PiB at most. */
export const byteCount = () => integer(0, LARGEST_CAPACITY_BYTES)

/** `true` or `false` in JSON. */
export const flag = () => vine.boolean({ strict: true })

/** How long something stays: a duration, or `0` for ever. */
export const timeToLive = () => vine.string().use(isTimeToLive())

/** How long from now, such as `24h`; `parseDuration` reads it. */
export const duration = () => vine.string().use(isDuration())
