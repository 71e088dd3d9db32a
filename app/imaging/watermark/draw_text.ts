import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { fontFilesFor, unpackFonts } from './fonts.ts'

/** A text as it is to be drawn. */
export interface Lettering {
  text: string
  /** Pixels. */
  fontSize: number
  /** `#rgb` or `#rrggbb`. */
  color: string
  /** 0 to 1. */
  opacity: number
}

/** Fonts count in points of 1/72 inch: so one is a pixel. */
const DOTS_PER_INCH = 72

/** The name of the file that says where fonts are; what draws must be started with its path in `FONTCONFIG_FILE`. */
export const FONT_SETTINGS = 'fonts.conf'
const CACHE_FOLDER = 'cache'

/** Draws a text on nothing, as PNG, in whichever direction its script is written; with the fonts in a folder. */
export async function drawText({
  text,
  fontSize,
  color,
  opacity,
  folder,
}: Lettering & { folder: string }): Promise<Uint8Array> {
  await unpackFonts(fontFilesFor(text), folder)
  await writeFile(join(folder, FONT_SETTINGS), fontSettings(folder))
  // Fontconfig tells folders apart by seconds: what it noted a moment ago may lack the fonts of this text.
  await rm(join(folder, CACHE_FOLDER), { recursive: true, force: true })
  const markup = `<span foreground="${fullColor(color)}">${escaped(text)}</span>`
  const png = await sharp({
    text: { text: markup, font: `Noto Sans ${fontSize}`, rgba: true, dpi: DOTS_PER_INCH },
  })
    .linear([1, 1, 1, opacity], [0, 0, 0, 0])
    .png()
    .toBuffer()
  return new Uint8Array(png)
}

function fontSettings(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>${escaped(folder)}</dir><cachedir>${escaped(join(folder, CACHE_FOLDER))}</cachedir></fontconfig>
`
}

function fullColor(color: string): string {
  return color.length === 4 ? color.replaceAll(/[0-9a-f]/gi, (digit) => digit + digit) : color
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
