import { SaxesParser, type SaxesAttributeNS, type SaxesTagNS } from 'saxes'
import { corrupt, ImagingError, tooLarge } from '../errors.ts'
import {
  ALLOWED_ELEMENTS,
  isAllowedAddress,
  isAllowedAnimation,
  isAllowedAttribute,
} from './allowed.ts'
import { cleanCss } from './clean_css.ts'

export const SVG_NAMESPACE = 'http://www.w3.org/2000/svg'
const XLINK_NAMESPACE = 'http://www.w3.org/1999/xlink'
const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'
const NAMESPACES_NAMESPACE = 'http://www.w3.org/2000/xmlns/'

const PREFIXES = new Map([
  [XLINK_NAMESPACE, 'xlink:'],
  [XML_NAMESPACE, 'xml:'],
])

const MOST_ELEMENTS = 250_000
const DEEPEST = 256

/**
 * An SVG with nothing but what a picture is made of: no scripts or what listens to events, no foreign elements, nothing
 * that is loaded from elsewhere, no document type, comments or notes. `isChanged` says whether there was such a thing;
 * otherwise the text given is as good as the one answered.
 *
 * @throws ImagingError E_IMAGE_CORRUPT for what is not well-formed or no SVG, E_IMAGE_UNSUPPORTED for one that declares
 * entities, E_IMAGE_TOO_LARGE
 */
export function sanitiseSvg(text: string): { svg: string; isChanged: boolean } {
  const sanitiser = new Sanitiser()
  const parser = new SaxesParser({ xmlns: true, position: false })
  parser.on('error', (error) => {
    throw corrupt(`The SVG is not well-formed: ${error.message}`)
  })
  parser.on('xmldecl', ({ encoding, version }) => sanitiser.declaration(encoding, version))
  parser.on('doctype', (doctype) => sanitiser.doctype(doctype))
  parser.on('processinginstruction', () => sanitiser.drop())
  parser.on('comment', () => sanitiser.drop())
  parser.on('opentag', (tag) => sanitiser.open(tag))
  parser.on('closetag', () => sanitiser.close())
  parser.on('text', (data) => sanitiser.text(data))
  parser.on('cdata', (data) => sanitiser.text(data))
  parser.write(text).close()
  return sanitiser.finish()
}

class Sanitiser {
  readonly #parts: string[] = []
  readonly #open: string[] = []
  #elements = 0
  /** How many of the open elements are dropped, those within dropped ones included. */
  #dropped = 0
  #css: string | null = null
  #isChanged = false

  drop(): void {
    this.#isChanged = true
  }

  /** The picture is written as UTF-8, as it was read. */
  declaration(encoding: string | undefined, version: string | undefined): void {
    if ((encoding ?? 'utf-8').toLowerCase() !== 'utf-8' || (version ?? '1.0') !== '1.0') {
      this.drop()
    }
  }

  doctype(doctype: string): void {
    if (doctype.includes('[')) {
      throw new ImagingError('E_IMAGE_UNSUPPORTED', 'An SVG that declares entities is not accepted')
    }
    this.drop()
  }

  open(tag: SaxesTagNS): void {
    this.#elements += 1
    if (this.#elements > MOST_ELEMENTS || this.#open.length + this.#dropped >= DEEPEST) {
      throw tooLarge('The SVG has too many elements, or too many within each other')
    }
    const isRoot = this.#elements === 1
    if (isRoot && (tag.local !== 'svg' || tag.uri !== SVG_NAMESPACE)) {
      throw corrupt('The file is not an SVG')
    }
    if (this.#dropped > 0 || !this.#isAllowed(tag)) {
      this.#dropped += 1
      this.drop()
      return
    }
    this.#open.push(tag.local)
    this.#css = tag.local === 'style' ? '' : null
    const namespaces = isRoot ? ` xmlns="${SVG_NAMESPACE}" xmlns:xlink="${XLINK_NAMESPACE}"` : ''
    this.#parts.push(`<${tag.local}${namespaces}${this.#attributesOf(tag)}>`)
  }

  close(): void {
    if (this.#dropped > 0) {
      this.#dropped -= 1
      return
    }
    if (this.#css !== null) {
      const { css, isChanged } = cleanCss(this.#css, 'stylesheet')
      this.#isChanged ||= isChanged
      this.#parts.push(escaped(css))
      this.#css = null
    }
    this.#parts.push(`</${this.#open.pop()}>`)
  }

  text(data: string): void {
    if (this.#dropped > 0) {
      return
    }
    if (this.#css !== null) {
      this.#css += data
    } else {
      this.#parts.push(escaped(data))
    }
  }

  finish(): { svg: string; isChanged: boolean } {
    return { svg: this.#parts.join('').trim(), isChanged: this.#isChanged }
  }

  #isAllowed({ local, uri, attributes }: SaxesTagNS): boolean {
    const animated = attributes['attributeName']?.value ?? ''
    // An element within a style would part its text.
    const isPlaced = this.#css === null
    return (
      isPlaced &&
      uri === SVG_NAMESPACE &&
      ALLOWED_ELEMENTS.has(local) &&
      isAllowedAnimation(local, animated)
    )
  }

  #attributesOf({ local, attributes }: SaxesTagNS): string {
    let written = ''
    for (const attribute of Object.values(attributes)) {
      if (attribute.uri === NAMESPACES_NAMESPACE) {
        continue
      }
      const value = this.#valueOf(local, attribute)
      if (value === null) {
        this.drop()
      } else {
        written += ` ${PREFIXES.get(attribute.uri) ?? ''}${attribute.local}="${escaped(value)}"`
      }
    }
    return written
  }

  /** What an attribute may say, or `null` when it may not stay. */
  #valueOf(element: string, { uri, local, name, value }: SaxesAttributeNS): string | null {
    if (local === 'href' && (uri === '' || uri === XLINK_NAMESPACE)) {
      return isAllowedAddress(element, value) ? value : null
    }
    const isKnown = uri === '' || PREFIXES.has(uri)
    if (!isKnown || (uri === XML_NAMESPACE && local === 'base')) {
      return null
    }
    if (name === 'style') {
      const { css, isChanged } = cleanCss(value, 'declarationList')
      this.#isChanged ||= isChanged
      return css
    }
    return isAllowedAttribute(element, local, value) ? value : null
  }
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\t', '&#9;')
    .replaceAll('\r', '&#13;')
}
