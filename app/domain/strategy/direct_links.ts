import type { Json } from '../event_definition.ts'
import type { StrategyType } from './events.ts'

/**
 * Where everybody can get a strategy's objects without this server, as an address that a key is put after; `null` where
 * nobody can, or should. A private Kodo bucket gives nothing without a signature that expires.
 */
export function directBaseOf(
  type: StrategyType,
  configs: Readonly<Record<string, Json>>
): string | null {
  const isProxied = type === 'local' || type === 'webdav' || configs['private'] === true
  const base = configs[type === 'kodo' ? 'domain' : 'url']
  if (isProxied || configs['link_mode'] === 'proxy' || typeof base !== 'string') {
    return null
  }
  const trimmed = base.trim().replace(/\/+$/, '')
  return trimmed === '' ? null : trimmed
}
