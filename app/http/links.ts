export interface ImageLinks {
  url: string
  html: string
  bbcode: string
  markdown: string
  thumbnail_url: string
}

/** What the links of an image are made of. */
export interface LinkedImage {
  key: string
  extension: string
  md5: string
  originName: string | null
  objectKey: string
  directBase: string | null
  permission: number
  moderationStatus: string
}

/** The links of an image, ready to be pasted; `base` is the site's URL without a trailing slash. */
export function linksOf(image: LinkedImage, base: string): ImageLinks {
  const url = directUrlOf(image) ?? `${base}/i/${image.key}.${image.extension}`
  const name = oneLine(image.originName ?? '')
  return {
    url,
    html: `<img src="${escapeHtml(url)}" alt="${escapeHtml(name)}" />`,
    bbcode: `[img]${escapeBbcodeUrl(url)}[/img]`,
    markdown: `![${escapeMarkdown(name)}](${escapeMarkdownUrl(url)})`,
    thumbnail_url: `${base}/t/${image.md5}.png`,
  }
}

/**
 * Where everybody gets an image from its strategy; `null` when it is not for everybody. An SVG is got from here only, with
 * the headers that keep it from doing anything.
 */
function directUrlOf(image: LinkedImage): string | null {
  const { directBase, extension, moderationStatus, objectKey, permission } = image
  const isDirect = permission === 1 && moderationStatus === 'approved' && extension !== 'svg'
  return directBase === null || !isDirect
    ? null
    : `${directBase}/${objectKey.split('/').map(encodeURIComponent).join('/')}`
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

const HTML_ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character] ?? character)
}

/**
 * What could end or change an image's alternative text gets a backslash (CommonMark 2.4). An underscore within a word,
 * as in `IMG_0001.jpg`, means nothing there and stays readable.
 */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*[\]<>&|~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&')
}

function escapeMarkdownUrl(url: string): string {
  return url.replace(/[()<>\s\\]/g, percentEncode)
}

function escapeBbcodeUrl(url: string): string {
  return url.replace(/[[\]\s]/g, percentEncode)
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
