import { generate, parse, walk, type CssNode, type List, type ListItem } from 'css-tree'
import { corrupt } from '../errors.ts'
import { refersWithin } from './allowed.ts'

/** Rules about when others hold, and those that move things; all others can load something. */
const ALLOWED_RULES = new Set(['media', 'supports', 'keyframes', '-webkit-keyframes', 'layer'])
/** Without one of these it is names and values alone; what looks like markup is no style. */
const MAY_REFER = /[(\\@<]/
const FORBIDDEN_PROPERTIES = new Set(['behavior', '-moz-binding'])

/** CSS without what refers to anything outside its file. `isChanged` says whether there was such a thing. */
export function cleanCss(
  css: string,
  context: 'stylesheet' | 'declarationList'
): { css: string; isChanged: boolean } {
  if (!MAY_REFER.test(css)) {
    return { css, isChanged: false }
  }
  if (css.includes('<')) {
    return { css: '', isChanged: true }
  }
  const tree = parsed(css, context)
  let isChanged = false
  walk(tree, {
    leave(node: CssNode, item: ListItem<CssNode>, list: List<CssNode> | null) {
      if (isForbidden(node)) {
        isChanged = true
        list?.remove(item)
      }
    },
  })
  return { css: isChanged ? generate(tree) : css, isChanged }
}

function parsed(css: string, context: 'stylesheet' | 'declarationList'): CssNode {
  try {
    return parse(css, { context, parseCustomProperty: false })
  } catch (error) {
    // So deep that reading it takes all of the stack.
    throw Object.assign(corrupt('The style of the SVG is damaged'), { cause: error })
  }
}

function isForbidden(node: CssNode): boolean {
  switch (node.type) {
    case 'Atrule':
      return !ALLOWED_RULES.has(node.name.toLowerCase()) || hasEscapes(node.prelude)
    case 'Rule':
      return node.prelude.type === 'Raw' || hasEscapes(node.prelude)
    case 'Declaration':
      return (
        FORBIDDEN_PROPERTIES.has(node.property.toLowerCase()) ||
        node.property.includes('\\') ||
        !refersWithin(generate(node.value))
      )
    case 'Raw':
      return !refersWithin(node.value)
    case 'CDO':
    case 'CDC':
      return true
    default:
      return false
  }
}

function hasEscapes(node: CssNode | null): boolean {
  return node !== null && generate(node).includes('\\')
}
