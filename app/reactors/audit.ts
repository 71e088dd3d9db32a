import { auditRule } from '#domain/audit/tell'
import type { Reactor } from './reactor.ts'

/** What is worth an entry in the audit log; whether uploads are is decided where the site's settings are known. */
export const audit: Reactor = (event) =>
  auditRule(event.type).entry === 'never' ? null : { queue: 'audit', payload: {}, runAt: null }
