/** What an SVG may be made of: shapes, text, paint, filters and movement. */
export const ALLOWED_ELEMENTS: ReadonlySet<string> = new Set([
  ...['svg', 'g', 'defs', 'symbol', 'use', 'switch', 'view', 'a', 'title', 'desc', 'style'],
  ...['path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'image', 'marker'],
  ...['text', 'tspan', 'textPath', 'pattern', 'clipPath', 'mask', 'filter'],
  ...['linearGradient', 'radialGradient', 'stop'],
  ...['animate', 'animateTransform', 'animateMotion', 'set', 'mpath'],
  ...['feBlend', 'feColorMatrix', 'feComponentTransfer', 'feComposite', 'feConvolveMatrix'],
  ...['feDiffuseLighting', 'feDisplacementMap', 'feDistantLight', 'feDropShadow', 'feFlood'],
  ...['feFuncA', 'feFuncB', 'feFuncG', 'feFuncR', 'feGaussianBlur', 'feImage', 'feMerge'],
  ...['feMergeNode', 'feMorphology', 'feOffset', 'fePointLight', 'feSpecularLighting'],
  ...['feSpotLight', 'feTile', 'feTurbulence'],
])

const ANIMATIONS = new Set(['animate', 'animateTransform', 'animateMotion', 'set'])
const PICTURES = new Set(['image', 'feImage'])

/** An image within the file; never another SVG, which could hold anything again. */
const INNER_IMAGE = /^\s*data:image\/(?:png|jpe?g|gif|webp|avif);base64,[A-Za-z0-9+/=\s]*$/i
const OWN_REFERENCE = /url\(\s*(["']?)#[^)"'\\]*\1\s*\)/gi
const SCHEME = /^[\s\p{Cc}]*(?:[a-z][a-z0-9+.-]*)[\s\p{Cc}]*:/iu

/** Whether an address leads to something in the same file, or is an image in itself where one may stand. */
export function isAllowedAddress(element: string, address: string): boolean {
  return address.trim().startsWith('#') || (PICTURES.has(element) && INNER_IMAGE.test(address))
}

/** Whether an attribute may stay that is neither an address nor a style. */
export function isAllowedAttribute(element: string, name: string, value: string): boolean {
  if (/^on/i.test(name)) {
    return false
  }
  if (ANIMATIONS.has(element) && isAnimatedText(name) && SCHEME.test(value)) {
    return false
  }
  return refersWithin(value)
}

/** Whether an animation may change what it names: not an address, and not what listens to events. */
export function isAllowedAnimation(element: string, attributeName: string): boolean {
  const name = attributeName.trim().split(':').at(-1) ?? ''
  return !ANIMATIONS.has(element) || !/^(?:href|style|src|on.*)$/i.test(name)
}

const REFERENCE = /(?:url|src|image|image-set|cross-fade|element|expression|paint)\s*\(/i

/** Whether a value of CSS refers to nothing outside the file; what is written with escapes is not read, but refused. */
export function refersWithin(value: string): boolean {
  const rest = value.replaceAll(OWN_REFERENCE, '')
  return !REFERENCE.test(rest) && !rest.includes('\\')
}

function isAnimatedText(name: string): boolean {
  return name === 'values' || name === 'to' || name === 'from' || name === 'by'
}
