import { Readable } from 'node:stream'
import type { HttpContext } from '@adonisjs/core/http'
import { hasScope, isAdmin, type Identity } from '#auth/identity'
import type { TokenScope } from '#domain/api_token/events'
import { AgentError, requestError, uploadError, type Refusal } from '#mcp/errors'
import { asFields, type ImageLibrary, type ImageQuery } from '#mcp/library'
import {
  uploadedFrom,
  type ImageJson,
  type ImagePageJson,
  type ProfileJson,
  type UploadedImage,
} from '#mcp/shapes'
import type { SentUpload } from '#mcp/uploads'
import { findAccountOrFail, findUsage } from '#read_models/account_queries'
import { countImages, findImage, isVisibleTo, listImages } from '#read_models/image_queries'
import type { ImageView } from '#read_models/views'
import { nameInUrl } from '#remote/name_in_url'
import { services } from '#start/services'
import { webServices } from '#start/web_services'
import type { ImageSource } from '#uploads/image_uploads'
import { decodeBase64 } from './base64.ts'
import { answerError } from './error_answers.ts'
import { E_NOT_FOUND } from './errors.ts'
import { pageOfImages } from './image_pages.ts'
import { limitRequest } from './rate_limits.ts'
import { commandContextOf } from './request_context.ts'
import { isImageKey } from './route_params.ts'
import { siteUrl } from './site_url.ts'
import { transformImage, transformListedImage } from './transformers/image_transformer.ts'
import { transformUser } from './transformers/user_transformer.ts'
import {
  imageFilterOf,
  listImagesValidator,
  readUploadWishes,
} from './validators/image_validator.ts'

/** The images of the account that a request comes from, as the API would show and change them. */
export class AccountLibrary implements ImageLibrary<SentUpload> {
  readonly #ctx: HttpContext
  readonly #identity: Identity

  constructor(ctx: HttpContext) {
    this.#ctx = ctx
    this.#identity = ctx.auth.getUserOrFail()
  }

  upload({ base64, url, filename, ...wishes }: SentUpload): Promise<UploadedImage> {
    return this.#allowed('write', uploadError, async () => {
      await limitRequest(this.#ctx, 'upload')
      const { image, original } = await webServices().uploads.receiveFrom(
        { ...sourceOf(base64, url, filename), wishes: await readUploadWishes(asFields(wishes)) },
        { identity: this.#identity, context: commandContextOf(this.#ctx, this.#identity) }
      )
      return uploadedFrom(transformImage(image, await siteUrl(this.#ctx)), original)
    })
  }

  list(wanted: ImageQuery): Promise<ImagePageJson> {
    return this.#allowed('read', requestError, async () => {
      const { accountId } = this.#identity
      const query = await listImagesValidator.validate(asFields(wanted))
      const filter = imageFilterOf(query)
      const base = await siteUrl(this.#ctx)
      return pageOfImages(query, {
        list: (start, limit) => listImages(accountId, filter, start, limit),
        count: async () => (await countImages(accountId, filter)).total,
        transform: (image) => transformListedImage(image, base),
      })
    })
  }

  get(key: string): Promise<ImageJson> {
    return this.#allowed('read', requestError, async () =>
      transformImage(await this.#find(key), await siteUrl(this.#ctx))
    )
  }

  delete(key: string): Promise<void> {
    return this.#allowed('write', requestError, async () => {
      const { imageId } = await this.#find(key)
      const { accountId: requesterId } = this.#identity
      const { position } = await services().handlers.image.deleteImage(
        { imageId, requesterId, isAdmin: isAdmin(this.#identity) },
        commandContextOf(this.#ctx, this.#identity)
      )
      await webServices().readModels.waitFor(position, ['images', 'albums', 'usage'])
    })
  }

  profile(): Promise<ProfileJson> {
    return this.#allowed('read', requestError, async () => {
      const { accountId } = this.#identity
      const [account, usage] = await Promise.all([
        findAccountOrFail(accountId),
        findUsage(accountId),
      ])
      return transformUser(account, usage)
    })
  }

  async #find(key: string): Promise<ImageView> {
    const image = isImageKey(key) ? await findImage(key) : null
    const viewer = { accountId: this.#identity.accountId, isAdmin: isAdmin(this.#identity) }
    if (image === null || !isVisibleTo(image, viewer)) {
      throw new E_NOT_FOUND()
    }
    return image
  }

  /** What the API would refuse is refused in the words of agents; a fault of ours stays what it is. */
  async #allowed<Result>(
    scope: TokenScope,
    errorOf: (refusal: Refusal) => Error,
    work: () => Promise<Result>
  ): Promise<Result> {
    if (!hasScope(this.#identity, scope)) {
      throw new AgentError('FORBIDDEN_SCOPE', `This API token lacks the scope "${scope}"`)
    }
    try {
      return await work()
    } catch (error) {
      const refusal = error instanceof AgentError ? null : answerError(error)
      throw refusal === null ? error : errorOf(refusal)
    }
  }
}

/** @throws AgentError INVALID_IMAGE_DATA */
function sourceOf(
  base64: string | undefined,
  url: string | undefined,
  filename: string | undefined
): Omit<ImageSource, 'wishes'> {
  if (base64 !== undefined && url === undefined) {
    const bytes = decodeBase64(base64)
    if (bytes === null) {
      throw new AgentError('INVALID_IMAGE_DATA', 'The image is not base64')
    }
    return { filename, open: async () => Readable.from([bytes]) }
  }
  if (url !== undefined && base64 === undefined) {
    return {
      filename: filename ?? nameInUrl(url),
      open: async (maxBytes) => (await webServices().remoteFiles.open(url, maxBytes)).body,
    }
  }
  throw new AgentError('INVALID_IMAGE_DATA', 'Give either base64 or url')
}
