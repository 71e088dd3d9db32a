import { StorageError } from './errors.ts'

export type StrategyConfigs = Readonly<Record<string, unknown>>

/** A text of a configuration; `null` when it is not set, or empty. */
export function textOf(configs: StrategyConfigs, field: string): string | null {
  const value = configs[field]
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}

/** @throws StorageError when the text is not set */
export function requiredText(configs: StrategyConfigs, field: string): string {
  const value = textOf(configs, field)
  if (value === null) {
    throw new StorageError('E_STORAGE_REFUSED', `The strategy has no ${field}`)
  }
  return value
}

/** @throws StorageError when the text is not an address of the web */
export function webAddress(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new StorageError('E_STORAGE_REFUSED', 'The strategy has an address that is none')
  }
  return url
}
