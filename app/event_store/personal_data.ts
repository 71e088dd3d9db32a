import type { KeyObject } from 'node:crypto'
import type { Json } from '#domain/event_definition'
import type { EventMetadata } from './port.ts'
import { open, seal } from './sealing.ts'
import type { Payload } from './upcasters.ts'

/** Where sealed values lie in a stored payload: `{"$personal": {"subject": …, "sealed": base64}}`. */
const SEALED_FIELD = '$personal'

export interface SealedPart {
  subject: string
  sealed: string
}

const ACCOUNT_STREAM = 'account-'

/** The subject whose key protects an account's data, or that of the day's visitors. */
export function personalSubject(accountId: number | null, day: string): string {
  return accountId === null ? `visitors:${day}` : accountSubject(accountId)
}

/** The subject of an account's person. */
export function accountSubject(accountId: number): string {
  return `account:${accountId}`
}

/**
 * Whose address and user agent an event's metadata holds: the actor's, or of an unknown one who acts on an account,
 * that account's. Whoever tries to sign in as somebody is most likely them, and is forgotten with them.
 */
export function metadataSubject(
  { actor }: Pick<EventMetadata, 'actor'>,
  stream: string,
  day: string
): string {
  if (actor.account_id === null && stream.startsWith(ACCOUNT_STREAM)) {
    return accountSubject(Number(stream.slice(ACCOUNT_STREAM.length)))
  }
  return personalSubject(actor.account_id, day)
}

/** Moves the named fields of an object into one sealed part; as it is when all of them are null. */
export function sealFields(
  value: Payload,
  fields: readonly string[],
  subject: string,
  key: KeyObject,
  context: string
): Payload {
  const clear: Payload = {}
  const personal: Payload = {}
  let found = false
  for (const [name, item] of Object.entries(value)) {
    if (fields.includes(name)) {
      personal[name] = item
      found ||= item !== null
    } else {
      clear[name] = item
    }
  }
  if (!found) {
    return value
  }
  const sealed = seal(key, Buffer.from(JSON.stringify(personal)), context).toString('base64')
  return { ...clear, [SEALED_FIELD]: { subject, sealed } }
}

/** The sealed part of a stored payload, or `null` when it has none. */
export function sealedPart(stored: Payload): SealedPart | null {
  const part = stored[SEALED_FIELD]
  if (part === undefined || part === null || typeof part !== 'object' || Array.isArray(part)) {
    return null
  }
  return typeof part.subject === 'string' && typeof part.sealed === 'string'
    ? { subject: part.subject, sealed: part.sealed }
    : null
}

/** Puts the sealed fields back in place: readable with the key, `null` without it. */
export function openFields(
  stored: Payload,
  fields: readonly string[],
  key: KeyObject | null,
  context: string
): Payload {
  const part = sealedPart(stored)
  if (part === null) {
    return stored
  }
  const { [SEALED_FIELD]: sealedFields, ...rest } = stored
  const personal: Payload =
    key === null
      ? Object.fromEntries(fields.map((field): [string, Json] => [field, null]))
      : JSON.parse(open(key, Buffer.from(part.sealed, 'base64'), context).toString())
  return Object.assign(rest, personal)
}

/** Finds the subject of a sealed part in stored JSON text without parsing it. */
export function subjectIn(storedJson: string): string | null {
  const mark = storedJson.lastIndexOf(SUBJECT_MARK)
  if (mark === -1) {
    return null
  }
  const start = mark + SUBJECT_MARK.length
  return storedJson.slice(start, storedJson.indexOf('"', start))
}

const SUBJECT_MARK = `"${SEALED_FIELD}":{"subject":"`
