import { createHash } from 'node:crypto'
import type { HttpContext } from '@adonisjs/core/http'
import { success } from '#http/envelope'
import { E_NOT_FOUND, E_NOT_VISIBLE_YET } from '#http/errors'
import { answerFile } from '#http/file_answer'
import { commandContextOf } from '#http/request_context'
import { siteUrl } from '#http/site_url'
import { transformExport } from '#http/transformers/export_transformer'
import { findExport } from '#read_models/export_queries'
import { listStrategies } from '#read_models/upload_rules_queries'
import type { ExportView } from '#read_models/views'
import { services } from '#start/services'
import { webServices } from '#start/web_services'

const DOWNLOAD_NAME = 'picfast-export.zip'

/** All that the site has of the caller, as one archive that a worker makes. */
export default class ExportsController {
  /** Tells how far it is. Whoever has none asks for one by looking. */
  async show(ctx: HttpContext) {
    const archive = await findExport(ctx.auth.getUserOrFail().accountId)
    return archive === null || isOver(archive) ? this.#ask(ctx) : this.#answer(ctx, archive)
  }

  /** Asks for a new one; while one is being made, that one is meant. */
  async store(ctx: HttpContext) {
    return this.#ask(ctx)
  }

  async archive(ctx: HttpContext) {
    const archive = await findExport(ctx.auth.getUserOrFail().accountId)
    const { strategyId, objectKey, sizeBytes, madeAt } = archive ?? NO_ARCHIVE
    const strategy = (await listStrategies()).find(({ id }) => id === strategyId)
    if (archive === null || isOver(archive) || !objectKey || !sizeBytes || !madeAt || !strategy) {
      throw new E_NOT_FOUND()
    }
    const store = webServices().stores.get(strategy)
    await answerFile(ctx, {
      etag: `"${createHash('sha256').update(objectKey).digest('hex')}"`,
      lastModified: new Date(madeAt),
      size: sizeBytes,
      mimetype: 'application/zip',
      cacheControl: 'private, no-store',
      downloadName: DOWNLOAD_NAME,
      open: (range) => store.read(objectKey, range ?? undefined),
    })
  }

  async #ask(ctx: HttpContext) {
    const identity = ctx.auth.getUserOrFail()
    const { accountId } = identity
    const { position } = await services().handlers.account.requestExport(
      { accountId },
      commandContextOf(ctx, identity)
    )
    await webServices().readModels.waitFor(position, ['exports'])
    const archive = await findExport(accountId)
    if (archive === null) {
      throw new E_NOT_VISIBLE_YET()
    }
    return this.#answer(ctx, archive)
  }

  async #answer(ctx: HttpContext, archive: ExportView) {
    const isPending = archive.state === 'pending'
    ctx.response.status(isPending ? 202 : 200)
    return success(transformExport(archive, await siteUrl(ctx)), MESSAGES[archive.state])
  }
}

const MESSAGES: Record<ExportView['state'], string> = {
  pending: 'Your archive is being made: look again in a while',
  ready: 'Your archive is ready',
  failed: 'Your archive could not be made: ask again',
}

const NO_ARCHIVE = { strategyId: null, objectKey: null, sizeBytes: null, madeAt: null }

/** Past its time, though nobody has taken it away yet. */
function isOver({ expiresAt }: ExportView): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now()
}
