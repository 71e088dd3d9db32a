import { z } from 'zod'
import { AgentError, requestError, uploadError, type Refusal } from './errors.ts'
import { asFields, type ImageLibrary, type ImageQuery } from './library.ts'
import { openLocalFile } from './local_file.ts'
import {
  image,
  imagePage,
  profile,
  uploadedFrom,
  type ImageJson,
  type ImagePageJson,
  type ProfileJson,
  type UploadedImage,
} from './shapes.ts'
import type { LocalUpload } from './uploads.ts'

const REQUEST_MILLISECONDS = 30_000
const UPLOAD_MILLISECONDS = 10 * 60_000

const IMAGE_KEY = /^[a-z0-9]{6,32}$/
/** What no image's key looks like. */
const NO_IMAGE = '-'

const envelope = z.object({ message: z.string(), data: z.unknown() })

export interface RestLibraryOptions {
  /** The site's URL. */
  baseUrl: string
  /** An API token; without one only uploads as a visitor are possible. */
  token: string | null
  /** How the server knows this program, in its audit log for one. */
  userAgent: string
}

type ErrorOf = (refusal: Refusal) => Error

/** The images of an account on a PicFast server, over its REST API. */
export class RestLibrary implements ImageLibrary<LocalUpload> {
  readonly #baseUrl: string
  readonly #token: string | null
  readonly #userAgent: string

  constructor({ baseUrl, token, userAgent }: RestLibraryOptions) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '')
    this.#token = token
    this.#userAgent = userAgent
  }

  async upload({ path, ...wishes }: LocalUpload): Promise<UploadedImage> {
    const file = await openLocalFile(path)
    const form = new FormData()
    for (const [name, value] of Object.entries(asFields(wishes))) {
      form.append(name, value)
    }
    form.append('file', file.blob, file.name)
    const stored = await this.#send('POST', 'upload', image, uploadError, {
      body: form,
      signal: AbortSignal.timeout(UPLOAD_MILLISECONDS),
    })
    return uploadedFrom(stored, file)
  }

  list(query: ImageQuery): Promise<ImagePageJson> {
    const parameters = new URLSearchParams(asFields(query))
    return this.#sendSignedIn('GET', `images?${parameters}`, imagePage)
  }

  get(key: string): Promise<ImageJson> {
    return this.#sendForImage('GET', key, image)
  }

  async delete(key: string): Promise<void> {
    await this.#sendForImage('DELETE', key, z.null())
  }

  profile(): Promise<ProfileJson> {
    return this.#sendSignedIn('GET', 'users/me', profile)
  }

  /** Any text may stand for a key; only what can be one may become a part of an address. */
  #sendForImage<Data>(method: string, key: string, shape: z.ZodType<Data>): Promise<Data> {
    const name = IMAGE_KEY.test(key) ? key : NO_IMAGE
    return this.#sendSignedIn(method, `images/${name}`, shape)
  }

  async #sendSignedIn<Data>(method: string, path: string, shape: z.ZodType<Data>): Promise<Data> {
    if (this.#token === null) {
      throw new AgentError('UNAUTHORIZED', 'Visitors can only upload: set PICFAST_API_TOKEN')
    }
    return this.#send(method, path, shape, requestError, {
      signal: AbortSignal.timeout(REQUEST_MILLISECONDS),
    })
  }

  /** @throws AgentError for what the server refused, and when there was no sensible answer */
  async #send<Data>(
    method: string,
    path: string,
    shape: z.ZodType<Data>,
    errorOf: ErrorOf,
    init: RequestInit
  ): Promise<Data> {
    const response = await this.#fetch(path, { ...init, method }, errorOf)
    const answered = envelope.safeParse(await response.json().catch(() => null))
    if (!response.ok) {
      const message = answered.data?.message ?? `The server answered ${response.status}`
      if (lacksScope(response)) {
        throw new AgentError('FORBIDDEN_SCOPE', message)
      }
      const { data } = answered.data ?? {}
      const details = typeof data === 'object' && data !== null ? data : {}
      throw errorOf({ status: response.status, message, data: details })
    }
    const parsed = shape.safeParse(answered.data?.data)
    if (!parsed.success) {
      throw errorOf({
        status: 502,
        message: `This is not the API of PicFast: ${this.#baseUrl}`,
        data: {},
      })
    }
    return parsed.data
  }

  async #fetch(path: string, init: RequestInit, errorOf: ErrorOf): Promise<Response> {
    const headers = {
      'user-agent': this.#userAgent,
      ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
    }
    try {
      return await fetch(`${this.#baseUrl}/api/v1/${path}`, { ...init, headers, redirect: 'error' })
    } catch {
      throw errorOf({ status: 503, message: `${this.#baseUrl} cannot be reached`, data: {} })
    }
  }
}

/** RFC 6750 has a word for it, which other refusals do not carry. */
function lacksScope(response: Response): boolean {
  const challenge = response.headers.get('www-authenticate') ?? ''
  return response.status === 403 && challenge.includes('error="insufficient_scope"')
}
