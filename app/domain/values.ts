import { z } from 'zod'

/** An integer id that the API shows: positive and exact as a JavaScript number. */
export const entityId = z.int().positive()

/** A count of bytes, pixels or the like. */
export const count = z.int().nonnegative()

/** A moment as RFC 3339 in UTC with milliseconds. */
export const instant = z.iso.datetime({ precision: 3 })

/** Text that says something of a person: `null` once that person was forgotten. */
export const personalText = (maximumLength: number) => z.string().max(maximumLength).nullable()

export const permission = z.union([z.literal(0), z.literal(1)])
/** 0 private, 1 public. */
export type Permission = z.infer<typeof permission>

export const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`))

/** E-mail addresses are compared without regard to case or surrounding blanks. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase()
}
