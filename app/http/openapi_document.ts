import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'

type Node = Record<string, unknown>

/** An OpenAPI 3.1 document; its parts are looked at by those who know them. */
export interface OpenapiDocument extends Node {
  openapi: string
  paths: Record<string, Node>
  components: Record<string, Record<string, unknown>>
}

const FOLDER = fileURLToPath(new URL('../../resources/openapi/', import.meta.url))
const SHARED = 'shared.yaml'

/**
 * Reads the document: what all areas share, and one file an area with its paths and components.
 * A name that two files claim is an error.
 */
export async function readOpenapiDocument(folder = FOLDER): Promise<OpenapiDocument> {
  const document: OpenapiDocument = { openapi: '', paths: {}, components: {} }
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).toSorted()
  for (const name of [SHARED, ...names.filter((other) => other !== SHARED)]) {
    const part: Node = parse(await readFile(join(folder, name), 'utf8'), { merge: true })
    const { paths, components, ...head } = part
    Object.assign(document, head)
    mergeInto(document.paths, paths, name)
    for (const [kind, entries] of Object.entries(asNode(components))) {
      document.components[kind] ??= {}
      mergeInto(document.components[kind], entries, name)
    }
  }
  return document
}

/** The document as a server at this URL serves it. */
export function withServer(document: OpenapiDocument, url: string, version: string): Node {
  return {
    ...document,
    info: { ...asNode(document['info']), version },
    servers: [{ url, description: 'This server' }],
  }
}

/** The document as YAML, written out in full: not every reader knows anchors. */
export function toYaml(document: Node): string {
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 })
}

function mergeInto(target: Node, source: unknown, file: string): void {
  for (const [name, value] of Object.entries(asNode(source))) {
    if (name in target) {
      throw new Error(`"${name}" in ${file} is in another part of the OpenAPI document already`)
    }
    target[name] = value
  }
}

function asNode(value: unknown): Node {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
