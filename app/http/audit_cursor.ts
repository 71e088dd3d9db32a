import { Buffer } from 'node:buffer'

/**
 * Where the next page of the audit log starts: with what is older than this entry. The total and the number of the page
 * ride along, so that a long walk counts once.
 */
export interface AuditCursor {
  before: number
  page: number
  total: number
}

const CURSOR = /^([1-9]\d{0,14}),([1-9]\d{0,9}),(\d{1,15})$/

export function encodeAuditCursor({ before, page, total }: AuditCursor): string {
  return Buffer.from([before, page, total].join(',')).toString('base64url')
}

/** The cursor, or `null` when the text is not one that `encodeAuditCursor` made. */
export function decodeAuditCursor(text: string): AuditCursor | null {
  const parts = CURSOR.exec(Buffer.from(text, 'base64url').toString('latin1'))
  return parts === null
    ? null
    : { before: Number(parts[1]), page: Number(parts[2]), total: Number(parts[3]) }
}
