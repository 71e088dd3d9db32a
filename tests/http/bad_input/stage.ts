import { plainPng } from '#tests/fixtures/images'
import type { AlbumJson, ApiClient, TokensJson } from '#tests/helpers/api'
import type { OpenapiChecker } from '#tests/helpers/openapi'
import { record, type OperationSpec, type Schema } from '#tests/helpers/openapi_operations'
import { ADMIN, startWebServer, type TestWebServer } from '#tests/helpers/web_server'

/** A site with something of everything, private wherever it can be. */
export class Stage {
  readonly server: TestWebServer
  /** Neither an administrator nor the owner of anything that the stage has. */
  readonly stranger: ApiClient

  private constructor(server: TestWebServer, stranger: ApiClient) {
    this.server = server
    this.stranger = stranger
  }

  static async open(): Promise<Stage> {
    const server = await startWebServer()
    const admin = await server.setUp()
    const stranger = await server.addUser('stranger@example.org')
    const member = await server.addUser('member@example.org')
    await admin.put('/api/v1/admin/settings', {
      json: { allow_guest_upload: true, moderation_mode: 'manual' },
    })
    await member.upload(await plainPng(31, 30), 'pending.png')
    for (const width of [20, 21, 22, 23]) {
      const mine = await admin.upload(await plainPng(width, 20), 'mine.png', { permission: '0' })
      await admin.post(`/api/v1/images/${mine.data.key}/share`, { json: { expires_in: '1h' } })
    }
    const thrownAway = await admin.upload(await plainPng(24, 20), 'old.png', { permission: '0' })
    await admin.delete(`/api/v1/images/${thrownAway.data.key}`)
    for (const name of ['first', 'second']) {
      await admin.post<AlbumJson>('/api/v1/albums', { json: { name } })
      await admin.post('/api/v1/api-tokens', { json: { name } })
      await admin.post('/api/v1/admin/groups', { json: { name } })
      await admin.post('/api/v1/admin/strategies', {
        json: { name, strategy_type: 'local', configs: { root: name } },
      })
    }
    return new Stage(server, stranger)
  }

  get checker(): OpenapiChecker {
    return this.server.checker
  }

  /** The administrator, signed in anew: some operations end sessions. */
  async admin(): Promise<ApiClient> {
    const { data } = await this.server.api.post<TokensJson>('/api/v1/auth/login', { json: ADMIN })
    return this.server.api.as(data.access_token)
  }

  /** A path at which there is nothing. */
  unknownPath({ template, parameters }: OperationSpec): string {
    return fill(template, (name) => {
      const schema = parameters.find((one) => one.in === 'path' && one.name === name)?.schema
      return unknownValue(name, schema ?? {})
    })
  }

  /** The paths of what this caller is shown where the document has such things listed, newest first. */
  knownPaths({ template }: OperationSpec, caller: ApiClient): Promise<string[]> {
    return this.#placesOf(caller, { template: '', path: '' }, template)
  }

  /** Fills in one segment of a path after the other, each from the list of what is there. */
  async #placesOf(
    caller: ApiClient,
    above: { template: string; path: string },
    rest: string
  ): Promise<string[]> {
    const [, before = '', segment = '', after = ''] = /^(.*?)(\/[^/]*\{[^/]+)(.*)$/.exec(rest) ?? []
    if (segment === '') {
      return [above.path + rest]
    }
    const found: string[] = []
    const collection = { template: above.template + before, path: above.path + before }
    for (const item of await this.#list(caller, collection)) {
      const path = collection.path + fill(segment, (name) => String(item[name]))
      if (!path.includes('undefined')) {
        const here = { template: collection.template + segment, path }
        found.push(...(await this.#placesOf(caller, here, after)))
      }
    }
    return found
  }

  /** What is at `/albums/{id}` is listed at `/albums`, or below it; where nothing is, images are looked at. */
  async #list(
    caller: ApiClient,
    { template, path }: { template: string; path: string }
  ): Promise<Array<Record<string, unknown>>> {
    const lists = this.checker
      .operations()
      .filter((name) => name.startsWith('GET /api/'))
      .map((name) => name.slice('GET '.length))
    const below = lists.find((one) => one.startsWith(`${template}/`) && !one.includes('{'))
    const { data } = await caller.get(lists.includes(template) ? path : (below ?? '/api/v1/images'))
    const items: unknown = record(data)['items'] ?? data
    return Array.isArray(items) ? items.map(record) : []
  }
}

export function fill(template: string, valueOf: (name: string) => string): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => valueOf(name))
}

function unknownValue(name: string, schema: Schema): string {
  if (schema['type'] === 'integer') {
    return '987654321'
  }
  const samples: Record<string, string> = { md5: '0'.repeat(32), extension: 'png', key: 'zzzzzzz9' }
  return samples[name] ?? 'no-such-one'
}
