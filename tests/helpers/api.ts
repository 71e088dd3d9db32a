import type { transformAlbum } from '#http/transformers/album_transformer'
import type { transformApiToken } from '#http/transformers/api_token_transformer'
import type { transformExport } from '#http/transformers/export_transformer'
import type { transformGroup } from '#http/transformers/group_transformer'
import type { transformImageImport } from '#http/transformers/image_import_transformer'
import type {
  transformAdministeredImage,
  transformImage,
  transformListedImage,
} from '#http/transformers/image_transformer'
import type { transformSiteSettings } from '#http/transformers/site_settings_transformer'
import type { transformAdministeredStrategy } from '#http/transformers/strategy_transformer'
import type { transformShare } from '#http/transformers/share_transformer'
import type {
  transformDeadWork,
  transformParkedStream,
  transformProjection,
  transformQueue,
} from '#http/transformers/upkeep_transformer'
import type { transformTokens } from '#http/transformers/token_transformer'
import type {
  transformAdministeredUser,
  transformDeletedUser,
  transformUser,
} from '#http/transformers/user_transformer'
import type { OpenapiChecker } from './openapi.ts'

export type ImageJson = ReturnType<typeof transformImage>
export type ListedImageJson = ReturnType<typeof transformListedImage>
export type AlbumJson = ReturnType<typeof transformAlbum>
export type ApiTokenJson = ReturnType<typeof transformApiToken>
export type NewApiTokenJson = ApiTokenJson & { token: string }
export type ImageImportJson = ReturnType<typeof transformImageImport>
export type ShareJson = ReturnType<typeof transformShare>
export type TokensJson = ReturnType<typeof transformTokens>
export type UserJson = ReturnType<typeof transformUser>
export type AdministeredUserJson = ReturnType<typeof transformAdministeredUser>
export type DeletedUserJson = ReturnType<typeof transformDeletedUser>
export type AdministeredImageJson = ReturnType<typeof transformAdministeredImage>
export type ExportJson = ReturnType<typeof transformExport>
export type ProjectionJson = ReturnType<typeof transformProjection>
export type ParkedStreamJson = ReturnType<typeof transformParkedStream>
export type QueueJson = ReturnType<typeof transformQueue>
export type DeadWorkJson = ReturnType<typeof transformDeadWork>
export type GroupJson = ReturnType<typeof transformGroup>
export type AdministeredStrategyJson = ReturnType<typeof transformAdministeredStrategy>
export type SiteSettingsJson = ReturnType<typeof transformSiteSettings>

export interface PageJson<Item> {
  items: Item[]
  total: number
  page: number
  size: number
  total_pages: number
  next_cursor: string | null
}

export interface ApiAnswer<Data> {
  status: number
  headers: Headers
  bytes: Buffer
  message: string
  /** What the envelope holds. */
  data: Data
}

export interface ApiRequest {
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is. */
  body?: RequestInit['body']
  headers?: Record<string, string>
}

/** Sends real requests to a server; each answer must be as the OpenAPI document says. */
export class ApiClient {
  readonly url: string
  readonly #checker: OpenapiChecker
  /** What it sends as Bearer, if anything. */
  readonly token: string | null

  constructor(url: string, checker: OpenapiChecker, token: string | null = null) {
    this.url = url
    this.#checker = checker
    this.token = token
  }

  /** The same client with other credentials, or with none. */
  as(token: string | null): ApiClient {
    return new ApiClient(this.url, this.#checker, token)
  }

  get<Data = unknown>(path: string, request?: ApiRequest) {
    return this.send<Data>('GET', path, request)
  }

  head(path: string, request?: ApiRequest) {
    return this.send<null>('HEAD', path, request)
  }

  post<Data = unknown>(path: string, request?: ApiRequest) {
    return this.send<Data>('POST', path, request)
  }

  put<Data = unknown>(path: string, request?: ApiRequest) {
    return this.send<Data>('PUT', path, request)
  }

  patch<Data = unknown>(path: string, request?: ApiRequest) {
    return this.send<Data>('PATCH', path, request)
  }

  delete<Data = unknown>(path: string, request?: ApiRequest) {
    return this.send<Data>('DELETE', path, request)
  }

  /** Uploads a file; `fields` are sent before it. */
  upload<Data = ImageJson>(
    file: Uint8Array,
    name = 'photo.jpg',
    fields: Record<string, string> = {},
    headers: Record<string, string> = {}
  ) {
    const form = new FormData()
    for (const [field, value] of Object.entries(fields)) {
      form.append(field, value)
    }
    form.append('file', new Blob([Uint8Array.from(file)]), name)
    return this.post<Data>('/api/v1/images', { body: form, headers })
  }

  async send<Data>(
    method: string,
    path: string,
    { json, body, headers = {} }: ApiRequest = {}
  ): Promise<ApiAnswer<Data>> {
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: json === undefined ? (body ?? null) : JSON.stringify(json),
    })
    const bytes = await bytesOf(method, response)
    this.#checker.check({
      method,
      path: new URL(this.url + path).pathname,
      status: response.status,
      headers: response.headers,
      body: bytes,
    })
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      ...parseEnvelope<Data>(response, bytes),
    }
  }
}

/** A stream of events has no end: it is let go. */
async function bytesOf(method: string, response: Response): Promise<Buffer> {
  const isEndless =
    method === 'GET' && response.headers.get('content-type')?.startsWith('text/event-stream')
  if (isEndless) {
    await response.body?.cancel()
    return Buffer.alloc(0)
  }
  return Buffer.from(await response.arrayBuffer())
}

function parseEnvelope<Data>(response: Response, bytes: Buffer): { message: string; data: Data } {
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  const text = isJson && bytes.length > 0 ? bytes.toString('utf8') : '{"message":"","data":null}'
  const { message, data }: { message: string; data: Data } = JSON.parse(text)
  return { message, data }
}
