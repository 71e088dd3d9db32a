import { createHash, createHmac } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { derivePurposeKey } from '#event_store/sealing'
import { MaintenanceError } from './errors.ts'

const MANIFEST = 'manifest.json'
const FORMAT = 'picfast-backup'

/** A file of a backup; the hash is that of its bytes, hex. */
const dumpedFile = z.object({
  file: z.string().regex(/^[\w.-]+$/),
  rows: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const dumpedTable = dumpedFile.extend({
  table: z.string().regex(/^[a-z_]+\.[a-z_]+$/),
  columns: z.array(z.string().regex(/^[a-z_0-9]+$/)).min(1),
})

/** An archived part of the log, and whether its file was taken along; `place` is where it lay. */
const backedUpArchive = z.object({
  first: z.int().positive(),
  last: z.int().positive(),
  name: z.string().regex(/^[\w-][\w.-]*$/),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  place: z.string(),
  in_strategy: z.boolean(),
  included: z.boolean(),
})

const manifest = z.object({
  format: z.literal(FORMAT),
  format_version: z.literal(1),
  created_at: z.iso.datetime(),
  /** The end of the log. */
  position: z.int().nonnegative(),
  hash: z.string(),
  /** Told by a key that is derived from APP_KEY: whether a key fits shows without it being written down. */
  key_check: z.string(),
  migrations: z.array(z.string()),
  tables: z.array(dumpedTable),
  sequences: z.array(
    z.object({
      name: z.string().regex(/^[a-z_]+\.[a-z_]+$/),
      value: z.string(),
      called: z.boolean(),
    })
  ),
  /** The list of the objects that were taken along; `null` when none were. */
  objects: dumpedFile.extend({ bytes: z.int().nonnegative() }).nullable(),
  /** Parts of the log that are in archives; of a backup of before there were any, none. */
  archives: z.array(backedUpArchive).default([]),
  /** Objects that rows refer to, and archives, that could not be read. */
  missing: z.array(z.string()),
  /** Only where keys were written apart. */
  app_key: z.string().optional(),
})

export type DumpedFile = z.infer<typeof dumpedFile>
export type DumpedTable = z.infer<typeof dumpedTable>
export type BackedUpArchive = z.infer<typeof backedUpArchive>
export type Manifest = z.infer<typeof manifest>

export function newManifest(appKey: string): Manifest {
  return {
    format: FORMAT,
    format_version: 1,
    created_at: new Date().toISOString(),
    position: 0,
    hash: '',
    key_check: keyCheckOf(appKey),
    migrations: [],
    tables: [],
    sequences: [],
    objects: null,
    archives: [],
    missing: [],
  }
}

export function keyCheckOf(appKey: string): string {
  return createHmac('sha256', derivePurposeKey(appKey, 'backups')).update(FORMAT).digest('hex')
}

export async function writeManifest(folder: string, content: Manifest): Promise<void> {
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(content, null, 2)}\n`, {
    mode: 0o600,
    flush: true,
  })
}

/** @throws MaintenanceError when the folder holds no backup */
export async function readManifest(folder: string): Promise<Manifest> {
  try {
    return manifest.parse(JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')))
  } catch (error) {
    throw new MaintenanceError('E_NOT_A_BACKUP', `${folder} holds no backup that can be read`, {
      cause: error,
    })
  }
}

/** What is wrong with the files of a backup: those that are gone or are not what was written. */
export async function fileFaults(folder: string, content: Manifest): Promise<string[]> {
  const files = [...content.tables, ...(content.objects === null ? [] : [content.objects])]
  const faults: string[] = []
  for (const { file, sha256 } of files) {
    const found = await hashOfFile(join(folder, file)).catch(() => null)
    if (found === null) {
      faults.push(`${file} cannot be read`)
    } else if (found !== sha256) {
      faults.push(`${file} is not what was written`)
    }
  }
  return faults
}

export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk)
  }
  return hash.digest('hex')
}
