/** The kinds of places that images can be stored in. */
export const STRATEGY_TYPES = ['local', 's3', 'oss', 'cos', 'kodo', 'webdav'] as const
export type StrategyType = (typeof STRATEGY_TYPES)[number]

export const LINK_MODES = ['direct', 'proxy'] as const
export type LinkMode = (typeof LINK_MODES)[number]

/** One field of a strategy's configuration. A secret is kept sealed outside the event log and never shown. */
export interface StrategyField {
  kind: 'text' | 'url' | 'path' | 'boolean' | 'link_mode'
  required: boolean
  secret: boolean
}

const text: StrategyField = { kind: 'text', required: true, secret: false }
const optionalText: StrategyField = { ...text, required: false }
const secret: StrategyField = { ...text, secret: true }
const url: StrategyField = { kind: 'url', required: true, secret: false }
const optionalUrl: StrategyField = { ...url, required: false }
const optionalFlag: StrategyField = { kind: 'boolean', required: false, secret: false }
const linkMode: StrategyField = { kind: 'link_mode', required: false, secret: false }

/** What each kind is configured by. */
export const STRATEGY_FIELDS: Readonly<
  Record<StrategyType, Readonly<Record<string, StrategyField>>>
> = {
  local: {
    root: { kind: 'path', required: true, secret: false },
    url: optionalUrl,
    link_mode: linkMode,
  },
  s3: {
    endpoint: optionalUrl,
    region: optionalText,
    bucket: text,
    access_key: text,
    secret_key: secret,
    url: optionalUrl,
    link_mode: linkMode,
  },
  oss: {
    endpoint: url,
    bucket: text,
    access_key: text,
    secret_key: secret,
    url: optionalUrl,
    link_mode: linkMode,
  },
  cos: {
    bucket_url: url,
    secret_id: text,
    secret_key: secret,
    url: optionalUrl,
    link_mode: linkMode,
  },
  kodo: {
    access_key: text,
    secret_key: secret,
    bucket: text,
    domain: optionalUrl,
    zone: optionalText,
    private: optionalFlag,
    link_mode: linkMode,
  },
  webdav: {
    endpoint: url,
    username: optionalText,
    password: { ...secret, required: false },
    url: optionalUrl,
    link_mode: linkMode,
  },
}
