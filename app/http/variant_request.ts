import type { SiteSettings } from '#domain/site/settings'
import {
  parseVariantOptions,
  VariantOptionsError,
  type VariantOptions,
} from '#imaging/variant_options'
import { E_PRESETS_ONLY, InvalidFieldsError } from './errors.ts'

const PRESET = /^preset_(.*)$/

/**
 * What an address asks for after its `@`: options, or the name of a preset, `preset_small`.
 *
 * @throws InvalidFieldsError that names the option at fault
 * @throws E_PRESETS_ONLY where the site allows nothing else
 */
export function readVariantRequest(
  text: string,
  settings: Pick<SiteSettings, 'variant_presets' | 'variant_presets_only'>
): VariantOptions {
  const [, preset] = PRESET.exec(text) ?? []
  if (preset !== undefined) {
    return parse(presetNamed(preset, settings.variant_presets))
  }
  if (settings.variant_presets_only) {
    throw new E_PRESETS_ONLY()
  }
  return parse(text)
}

function presetNamed(name: string, presets: SiteSettings['variant_presets']): string {
  const options = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (options === undefined) {
    throw new InvalidFieldsError({ preset: ['This site has no such preset'] })
  }
  return options
}

function parse(text: string): VariantOptions {
  try {
    return parseVariantOptions(text)
  } catch (error) {
    throw error instanceof VariantOptionsError
      ? new InvalidFieldsError({ [error.option]: [error.message] })
      : error
  }
}
