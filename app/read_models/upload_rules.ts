import type { Json } from '#domain/event_definition'

/** What a group lets its members do when they upload. */
export interface UploadRules {
  maxFileBytes: number
  /** As clients name them: `jpg` and `jpeg` both stand for JPEG. */
  acceptedExtensions: readonly string[]
  /** Uploads within a stretch of time; `null` for no bound. */
  rates: UploadRates
  preferredStrategyId: number | null
  /** How new objects are named: their folder, and the name in it. */
  naming: { path: string; file: string }
}

export interface UploadRates {
  minute: number | null
  hour: number | null
  day: number | null
  month: number | null
}

/** 50 MB: what holds where a group says nothing. */
export const DEFAULT_MAX_FILE_BYTES = 50 * 1024 * 1024

export const DEFAULT_EXTENSIONS = [
  'jpg',
  'jpeg',
  'png',
  'gif',
  'webp',
  'svg',
  'bmp',
  'ico',
  'avif',
  'heic',
  'tif',
  'tiff',
] as const

const DEFAULT_NAMING = { path: '{Y}/{m}/{d}', file: '{uniqid}' }

/** The rules in a group's configuration, with the defaults where it says nothing. */
export function uploadRulesOf(configs: Readonly<Record<string, Json>>): UploadRules {
  const positive = (name: string): number | null => {
    const value = configs[name]
    return typeof value === 'number' && value > 0 ? value : null
  }
  const text = (name: string): string | null => {
    const value = configs[name]
    return typeof value === 'string' && value !== '' ? value : null
  }
  const extensions = configs['accepted_extensions']
  return {
    maxFileBytes: positive('maximum_file_size') ?? DEFAULT_MAX_FILE_BYTES,
    acceptedExtensions: Array.isArray(extensions) ? extensions.map(String) : DEFAULT_EXTENSIONS,
    rates: {
      minute: positive('limit_per_minute'),
      hour: positive('limit_per_hour'),
      day: positive('limit_per_day'),
      month: positive('limit_per_month'),
    },
    preferredStrategyId: positive('default_strategy_id'),
    naming: {
      path: text('path_naming_rule') ?? DEFAULT_NAMING.path,
      file: text('file_naming_rule') ?? DEFAULT_NAMING.file,
    },
  }
}

const SAME_FORMAT: Readonly<Record<string, string>> = { jpeg: 'jpg', tiff: 'tif' }

/** Whether an image may be uploaded, by the extension that its content has. */
export function acceptsExtension({ acceptedExtensions }: UploadRules, extension: string): boolean {
  return acceptedExtensions.some((name) => (SAME_FORMAT[name] ?? name) === extension)
}
