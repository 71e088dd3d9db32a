/** The formats that are accepted, by the extension that links carry. */
export const FORMATS = {
  jpg: { mimetype: 'image/jpeg' },
  png: { mimetype: 'image/png' },
  gif: { mimetype: 'image/gif' },
  webp: { mimetype: 'image/webp' },
  svg: { mimetype: 'image/svg+xml' },
  bmp: { mimetype: 'image/bmp' },
  ico: { mimetype: 'image/x-icon' },
  avif: { mimetype: 'image/avif' },
  heic: { mimetype: 'image/heic' },
  tif: { mimetype: 'image/tiff' },
} as const

export type ImageExtension = keyof typeof FORMATS

/** The names that clients know the accepted formats by. */
export const ACCEPTED_EXTENSIONS = [
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

/** How much of a file's beginning `sniffFormat` looks at. */
export const SNIFF_BYTES = 4096

const HEIC_BRANDS = ['heic', 'heix', 'hevc', 'hevx', 'heim', 'heis', 'mif1', 'msf1']
const AVIF_BRANDS = ['avif', 'avis']

/** The format that the first bytes of a file tell, whatever its name says; `null` for none that is known. */
export function sniffFormat(head: Buffer): ImageExtension | null {
  const starts = (...bytes: number[]) => bytes.every((byte, index) => head[index] === byte)
  const text = (from: number, to: number) => head.toString('latin1', from, to)
  if (starts(0xff, 0xd8, 0xff)) {
    return 'jpg'
  }
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) {
    return 'png'
  }
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') {
    return 'gif'
  }
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') {
    return 'webp'
  }
  if (starts(0x49, 0x49, 0x2a, 0x00) || starts(0x4d, 0x4d, 0x00, 0x2a)) {
    return 'tif'
  }
  if (text(4, 8) === 'ftyp') {
    return sniffHeif(head)
  }
  if (text(0, 2) === 'BM' && head.length > 26) {
    return 'bmp'
  }
  if (starts(0, 0, 1, 0) && head.length > 22 && head.readUInt16LE(4) > 0) {
    return 'ico'
  }
  return looksLikeSvg(head) ? 'svg' : null
}

/** The brands of an ISO base media file: the major one, then the compatible ones. */
function sniffHeif(head: Buffer): ImageExtension | null {
  const end = Math.min(head.readUInt32BE(0), head.length)
  const brands: string[] = []
  for (let at = 8; at + 4 <= end; at += 4) {
    brands.push(head.toString('latin1', at, at + 4))
  }
  if (brands.some((brand) => AVIF_BRANDS.includes(brand))) {
    return 'avif'
  }
  return brands.some((brand) => HEIC_BRANDS.includes(brand)) ? 'heic' : null
}

/** The root element, or a document type that announces it. */
const SVG_START = /^<(?:[\w.-]+:)?svg[\s/>]|^<!DOCTYPE\s+(?:[\w.-]+:)?svg[\s>[]/

function looksLikeSvg(head: Buffer): boolean {
  return SVG_START.test(withoutProlog(head.toString('utf8').replace(/^\uFEFF/, '')))
}

const PROLOG = [
  ['<?', '?>'],
  ['<!--', '-->'],
] as const

/** What follows the declaration, instructions and comments. */
function withoutProlog(text: string): string {
  for (let rest = text.trimStart(); ;) {
    const [, close] = PROLOG.find(([open]) => rest.startsWith(open)) ?? []
    const end = close === undefined ? -1 : rest.indexOf(close)
    if (close === undefined || end === -1) {
      return rest
    }
    rest = rest.slice(end + close.length).trimStart()
  }
}
