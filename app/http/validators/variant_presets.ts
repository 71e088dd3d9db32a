import vine from '@vinejs/vine'
import { parseVariantOptions, VariantOptionsError } from '#imaging/variant_options'

const MOST_PRESETS = 100
const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/

const arePresets = vine.createRule((value, _options, field) => {
  if (typeof value !== 'object' || value === null) {
    return
  }
  const presets = Object.entries(value)
  if (presets.length > MOST_PRESETS) {
    field.report(`The {{ field }} field may have ${MOST_PRESETS} presets at most`, 'presets', field)
  }
  for (const [name, options] of presets) {
    const problem = problemOf(name, options)
    if (problem !== null) {
      field.report(`The {{ field }} field: ${problem}`, 'presets', field)
    }
  }
})

function problemOf(name: string, options: unknown): string | null {
  if (!NAME.test(name)) {
    return 'names of presets are of a–z, 0–9 and dashes, 32 at most'
  }
  try {
    parseVariantOptions(String(options))
    return null
  } catch (error) {
    if (error instanceof VariantOptionsError) {
      return `${name}: ${error.message}`
    }
    throw error
  }
}

/** Options of variants by the names that addresses call them by. */
export const variantPresets = () => vine.record(vine.string().maxLength(200)).use(arePresets())
