export const VARIANT_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'avif'] as const
export type VariantFormat = (typeof VARIANT_FORMATS)[number]

/** `inside`: no side is longer than asked; `cover`: the box is filled, what juts out is cut off; `contain`: padded to the box. */
export const VARIANT_FITS = ['inside', 'cover', 'contain'] as const
export type VariantFit = (typeof VARIANT_FITS)[number]

/** How an image is to be shown; `null` for what was not asked. */
export interface VariantOptions {
  width: number | null
  height: number | null
  /** Of formats that lose something. */
  quality: number | null
  /** `auto`: what the client says it takes. */
  format: VariantFormat | 'auto' | null
  fit: VariantFit
  /** A Gaussian blur's reach in pixels of the result. */
  blur: number | null
}

/** The options of an address are not what they should be; `option` names the one at fault. */
export class VariantOptionsError extends Error {
  override name = 'VariantOptionsError'
  readonly option: string

  constructor(option: string, message: string) {
    super(message)
    this.option = option
  }
}

export const LONGEST_SIDE = 10_000
const STRONGEST_BLUR = 50
const HIGHEST_DENSITY = 4
const MOST_CHARACTERS = 200

/** Reads the text after an option's underscore; `null` for one that is not what it must be. */
interface OptionReader<Value> {
  read(text: string): Value | null
  must: string
}

/** Each option of an address, by its name before the underscore. */
const READERS = {
  w: wholeNumber(LONGEST_SIDE),
  h: wholeNumber(LONGEST_SIDE),
  q: wholeNumber(100),
  f: oneOf([...VARIANT_FORMATS, 'auto'] as const),
  fit: oneOf(VARIANT_FITS),
  dpr: {
    read(text: string): number | null {
      const number = /^\d(?:\.\d{1,2})?$/.test(text) ? Number(text) : Number.NaN
      return number >= 1 && number <= HIGHEST_DENSITY ? number : null
    },
    must: `be a number from 1 to ${HIGHEST_DENSITY}, such as 2 or 1.5`,
  },
  blur: wholeNumber(STRONGEST_BLUR),
}

type OptionName = keyof typeof READERS
type OptionValues = {
  [Name in OptionName]?: NonNullable<ReturnType<(typeof READERS)[Name]['read']>>
}

/**
 * Reads options as an address has them: `w_300,h_200,q_60,f_webp`.
 *
 * @throws VariantOptionsError
 */
export function parseVariantOptions(text: string): VariantOptions {
  if (text === '' || text.length > MOST_CHARACTERS) {
    throw new VariantOptionsError('options', 'Options are given as in w_300,h_200,q_60,f_webp')
  }
  const values: OptionValues = {}
  for (const part of text.split(',')) {
    const [, name = part, value = ''] = /^([a-z]+)_(.*)$/.exec(part) ?? []
    if (!isOptionName(name)) {
      const known = Object.keys(READERS).join(', ')
      throw new VariantOptionsError(shown(name), `There is no such option; there are: ${known}`)
    }
    if (values[name] !== undefined) {
      throw new VariantOptionsError(name, `The ${name} option is given more than once`)
    }
    Object.assign(values, { [name]: read(name, value) })
  }
  const { w, h, q, f, fit, dpr = 1, blur } = values
  return {
    width: scaled(w, dpr),
    height: scaled(h, dpr),
    quality: q ?? null,
    format: f ?? null,
    fit: fit ?? 'inside',
    blur: blur ?? null,
  }
}

function read(name: OptionName, text: string) {
  const { read: reader, must } = READERS[name]
  const value = reader(text)
  if (value === null) {
    throw new VariantOptionsError(name, `The ${name} option must ${must}`)
  }
  return value
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(READERS, name)
}

/** The name of an option that does not exist, fit for an answer. */
function shown(name: string): string {
  return /^[\w-]{1,32}$/.test(name) ? name : 'options'
}

function wholeNumber(most: number): OptionReader<number> {
  return {
    read: (text) => (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= most ? Number(text) : null),
    must: `be a whole number from 1 to ${most}`,
  }
}

function oneOf<Value extends string>(known: readonly Value[]): OptionReader<Value> {
  return {
    read: (text) => known.find((one) => one === text) ?? null,
    must: `be one of ${known.join(', ')}`,
  }
}

function scaled(side: number | undefined, dpr: number): number | null {
  return side === undefined ? null : Math.min(LONGEST_SIDE, Math.round(side * dpr))
}
