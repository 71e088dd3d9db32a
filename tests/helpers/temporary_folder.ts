import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for one test; the caller removes it. */
export class TemporaryFolder {
  readonly path: string
  #files = 0

  constructor(parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, 'picfast-test-'))
  }

  at(...names: string[]): string {
    return join(this.path, ...names)
  }

  /** A new file with these bytes. */
  async file(bytes: Buffer): Promise<string> {
    this.#files += 1
    const path = this.at(`file-${this.#files}`)
    await writeFile(path, bytes)
    return path
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
