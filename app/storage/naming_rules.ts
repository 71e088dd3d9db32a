/** How a group names the objects that its members' images are stored in. */
export interface NamingRules {
  /** The folder, below the strategy's root. */
  path: string
  /** The name in it, without the extension. */
  file: string
}

/** What names are made of. */
export interface NamedFile {
  /** Hex. */
  md5: string
  extension: string
  /** `null` for a visitor. */
  ownerId: number | null
  /** When it was uploaded; names tell it in UTC. */
  at: Date
}

/** Draws random text from lower-case letters and digits. */
export type DrawText = (length: number) => string

/** What lies there is not an image's object. */
const KEPT_FOLDERS = new Set(['thumbnails', 'exports', 'picfast-temporary'])

const PLACEHOLDER = /\{([A-Za-z0-9-]+)\}/g
const LONGEST_PART = 120

/** The key of a new object as the rules want it; `drawText` is asked where they want chance. */
export function objectKeyFor(rules: NamingRules, file: NamedFile, drawText: DrawText): string {
  const fill = (rule: string) =>
    rule.replace(PLACEHOLDER, (text, name: string) => valueOf(name, file, drawText) ?? text)
  const folders = partsOf(fill(rules.path))
  const name = partsOf(fill(rules.file)).join('-')
  const [first = ''] = folders
  return [
    ...(KEPT_FOLDERS.has(first) ? ['images'] : []),
    ...folders,
    `${name === '' ? uniqueText(file.at, drawText) : name}.${file.extension}`,
  ].join('/')
}

/** Another key beside one that is taken. */
export function besideKey(key: string, file: NamedFile, drawText: DrawText): string {
  const stem = key.slice(0, key.length - file.extension.length - 1)
  return `${stem}-${uniqueText(file.at, drawText)}.${file.extension}`
}

function valueOf(name: string, file: NamedFile, drawText: DrawText): string | null {
  const { at, md5, ownerId } = file
  switch (name) {
    case 'Y':
      return at.toISOString().slice(0, 4)
    case 'y':
      return at.toISOString().slice(2, 4)
    case 'm':
      return at.toISOString().slice(5, 7)
    case 'd':
      return at.toISOString().slice(8, 10)
    case 'timestamp':
      return String(Math.floor(at.getTime() / 1000))
    case 'uniqid':
      return uniqueText(at, drawText)
    case 'md5':
      return md5
    case 'md5-16':
      return md5.slice(8, 24)
    case 'str-random-16':
      return drawText(16)
    case 'str-random-10':
      return drawText(10)
    case 'uid':
      return String(ownerId ?? 0)
    default:
      return null
  }
}

/** The moment, so that names sort by it, and chance enough that nobody guesses the rest. */
function uniqueText(at: Date, drawText: DrawText): string {
  return at.getTime().toString(36) + drawText(12)
}

/** The names between the slashes, with nothing but what keys may hold. */
function partsOf(path: string): string[] {
  return path
    .split('/')
    .map((part) =>
      part
        .replace(/[^A-Za-z0-9._-]/g, '-')
        .replace(/^\.+/, '')
        .slice(0, LONGEST_PART)
    )
    .filter((part) => part !== '')
}
