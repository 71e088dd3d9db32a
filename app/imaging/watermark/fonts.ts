import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import decompress from 'woff2-encoder/decompress'

/** A file of a font that has these characters. */
interface FontFile {
  path: string
  ranges: readonly (readonly [from: number, to: number])[]
}

const VARIABLE = '@fontsource-variable'
/** Each script has its own; which has a character is asked in this order. */
const PACKAGES = [
  'noto-sans',
  'noto-sans-arabic',
  'noto-sans-hebrew',
  'noto-sans-thai',
  'noto-sans-armenian',
  'noto-sans-georgian',
  'noto-sans-bengali',
  'noto-sans-tamil',
  'noto-sans-telugu',
]
/** These share characters, and say that they have some that only another has: all that say so are taken. */
const EAST_ASIAN_PACKAGES = ['noto-sans-sc', 'noto-sans-kr']
const EMOJI_PACKAGE = '@fontsource/noto-color-emoji'
const EMOJI_FILE = 'files/noto-color-emoji-emoji-400-normal.woff2'
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20E3/u
/** Spaces and what joins or parts characters has no shape of its own. */
const SHAPELESS = /[\s\p{Cf}\p{Variation_Selector}]/u

/**
 * The files that a text needs; always one for Latin, which the height of lines is taken from. The fonts come in many
 * small files, each with some characters.
 */
export function fontFilesFor(text: string): string[] {
  const files = new Set<string>(fontFilesOf('A'))
  for (const character of new Set(text)) {
    fontFilesOf(character).forEach((path) => files.add(path))
  }
  if (EMOJI.test(text)) {
    files.add(pathIn(EMOJI_PACKAGE, EMOJI_FILE))
  }
  return [...files]
}

function fontFilesOf(character: string): string[] {
  const code = character.codePointAt(0) ?? 0
  if (SHAPELESS.test(character)) {
    return []
  }
  const has = ({ ranges }: FontFile) => ranges.some(([from, to]) => code >= from && code <= to)
  const { byScript, eastAsian } = knownFonts()
  const found = byScript.find(has)
  return found === undefined ? eastAsian.filter(has).map(({ path }) => path) : [found.path]
}

/** Writes the files as fonts that can be drawn with, where they are not there yet; the same name is the same font. */
export async function unpackFonts(files: readonly string[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o750 })
  for (const file of files) {
    const target = join(folder, `${basename(file, '.woff2')}.ttf`)
    if (!existsSync(target)) {
      const beside = `${target}.${process.pid}.part`
      await writeFile(beside, await decompress(await readFile(file)))
      await rename(beside, target)
    }
  }
}

let known: { byScript: FontFile[]; eastAsian: FontFile[] } | undefined

function knownFonts() {
  known ??= {
    byScript: PACKAGES.flatMap(filesOfPackage),
    eastAsian: EAST_ASIAN_PACKAGES.flatMap(filesOfPackage),
  }
  return known
}

/** What each file of a package has is told in the package: `[12]` for a numbered file, or the name of a script. */
function filesOfPackage(name: string): FontFile[] {
  const ranges: Record<string, string> = JSON.parse(
    readFileSync(pathIn(`${VARIABLE}/${name}`, 'unicode.json'), 'utf8')
  )
  const folder = dirname(pathIn(`${VARIABLE}/${name}`, 'unicode.json'))
  return Object.entries(ranges).map(([part, text]) => ({
    path: join(folder, 'files', `${name}-${part.replaceAll(/[[\]]/g, '')}-wght-normal.woff2`),
    ranges: parseRanges(text),
  }))
}

function pathIn(name: string, file: string): string {
  return fileURLToPath(import.meta.resolve(`${name}/${file}`))
}

/** `U+4,U+10-1f`, as in CSS. */
function parseRanges(text: string): (readonly [number, number])[] {
  return text.split(',').map((range) => {
    const [from = '', to = from] = range.trim().replace(/^U\+/i, '').split('-')
    return [Number.parseInt(from, 16), Number.parseInt(to, 16)] as const
  })
}
