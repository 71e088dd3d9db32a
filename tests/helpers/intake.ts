import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { ImagingError } from '#imaging/errors'
import { stripMetadata } from '#imaging/strip_metadata'
import { inspectFile } from './inspect_file.ts'

/** What becomes of an upload: the code of its refusal, or what is left of it. */
export async function intake(source: string): Promise<string | Buffer> {
  try {
    const target = `${source}.stripped`
    await rm(target, { force: true })
    await stripMetadata(source, target, await inspectFile(source))
    return await readFile(existsSync(target) ? target : source)
  } catch (error) {
    if (error instanceof ImagingError) {
      return error.code
    }
    throw error
  }
}
