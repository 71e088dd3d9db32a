import vine from '@vinejs/vine'
import type { Json } from '#domain/event_definition'
import { strategyType, type StrategyType } from '#domain/strategy/events'
import { InvalidFieldsError } from '#http/errors'
import { STRATEGY_FIELDS, LINK_MODES, type StrategyField } from '#storage/strategy_settings'
import { name } from './fields.ts'

/** What answers show in place of a secret that is set; sent back, it leaves the secret as it is. */
export const SECRET_MASK = '********'

const LONGEST_VALUE = 2048

export const createStrategyValidator = vine.create({
  name: name(120),
  strategy_type: vine.enum(strategyType.options),
  configs: vine.object({}).allowUnknownProperties(),
})

export const updateStrategyValidator = vine.create({
  name: name(120).optional(),
  strategy_type: vine.enum(strategyType.options).optional(),
  configs: vine.object({}).allowUnknownProperties().optional(),
})

/** A strategy's configuration, parted into what may be known and what may not. */
export interface GivenConfigs {
  configs: Record<string, Json>
  secrets: Record<string, string>
}

/**
 * Checks what was given of a configuration against the fields of its kind; unknown fields are ignored. With `present`,
 * what is left out or `null` stays as it is.
 *
 * @throws InvalidFieldsError
 */
export function checkConfigs(
  type: StrategyType,
  given: Readonly<Record<string, unknown>>,
  present: {
    configs: Readonly<Record<string, Json>>
    secretFields: readonly string[]
  } | null = null
): GivenConfigs {
  const checked: GivenConfigs = { configs: { ...present?.configs }, secrets: {} }
  const wrong: Record<string, string[]> = {}
  for (const [field, rule] of Object.entries(STRATEGY_FIELDS[type])) {
    const value = given[field] ?? undefined
    const isKept = value === undefined || (rule.secret && value === SECRET_MASK)
    if (!isKept) {
      const problem = problemOf(rule, value)
      if (problem !== null) {
        wrong[`configs.${field}`] = [problem]
      } else if (rule.secret) {
        checked.secrets[field] = String(value)
      } else {
        checked.configs[field] = typeof value === 'boolean' ? value : String(value)
      }
    } else if (rule.required && !isThere(field, rule, present)) {
      wrong[`configs.${field}`] = [`The ${field} field must be defined`]
    }
  }
  if (Object.keys(wrong).length > 0) {
    throw new InvalidFieldsError(wrong)
  }
  return checked
}

function isThere(
  field: string,
  rule: StrategyField,
  present: Parameters<typeof checkConfigs>[2]
): boolean {
  if (!present) {
    return false
  }
  return rule.secret ? present.secretFields.includes(field) : field in present.configs
}

/** What is wrong with a value, or `null`. */
function problemOf({ kind, required }: StrategyField, value: unknown): string | null {
  if (kind === 'boolean') {
    return typeof value === 'boolean' ? null : 'It must be true or false'
  }
  if (typeof value !== 'string' || value.length > LONGEST_VALUE || !isClean(value)) {
    return `It must be text of at most ${LONGEST_VALUE} plain characters`
  }
  if (value.trim() === '') {
    return required ? 'It must not be empty' : null
  }
  switch (kind) {
    case 'url':
      return isWebAddress(value) ? null : 'It must be an http(s) address'
    case 'link_mode':
      return LINK_MODES.some((mode) => mode === value)
        ? null
        : `It must be one of ${LINK_MODES.join(', ')}`
    case 'path':
      return value.split(/[\\/]/).includes('..') ? 'It must not point upwards' : null
    default:
      return null
  }
}

function isWebAddress(value: string): boolean {
  return URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol)
}

function isClean(value: string): boolean {
  return value.isWellFormed() && !/\p{Cc}/u.test(value)
}
