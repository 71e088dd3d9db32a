import type { HttpContext } from '@adonisjs/core/http'
import { decodeAuditCursor, encodeAuditCursor, type AuditCursor } from '#http/audit_cursor'
import { tellEntries } from '#http/audit_story'
import { success } from '#http/envelope'
import { InvalidFieldsError } from '#http/errors'
import { givenValues } from '#http/given_values'
import { pageOfItems } from '#http/pages'
import { transformAuditEntry } from '#http/transformers/audit_entry_transformer'
import { listAuditLogsValidator } from '#http/validators/audit_validator'
import { pageOf } from '#http/validators/page_validator'
import { findPeople } from '#read_models/person_queries'
import {
  countAuditEntries,
  listAuditEntries,
  type AuditEntryView,
} from '#read_models/audit_queries'
import { offsetOf } from '#read_models/page_request'
import { services } from '#start/services'

/** Who did what, when and from where. */
export default class AuditLogsController {
  async index(ctx: HttpContext) {
    const query = await listAuditLogsValidator.validate(givenValues(ctx.request.qs()))
    const filter = {
      action: query.action,
      resourceType: query.resource_type,
      actorUserId: query.actor_user_id,
      createdFrom: query.date_from,
      createdTo: query.date_to,
    }
    const cursor = this.#cursorOf(query.cursor)
    const { page, size } = { ...pageOf(query), ...(cursor && { page: cursor.page }) }
    const [total, found] = await Promise.all([
      cursor?.total ?? countAuditEntries(filter),
      listAuditEntries(filter, cursor ?? { skip: offsetOf({ page, size }) }, size + 1),
    ])
    const shown = found.slice(0, size)
    const last = found.length > size ? shown.at(-1) : undefined
    const [stories, people] = await Promise.all([
      tellEntries(shown, services().eventStore),
      findPeople(shown.flatMap(accountsNamed)),
    ])
    return success({
      ...pageOfItems(
        stories.map((story) => transformAuditEntry(story, people)),
        total,
        { page, size }
      ),
      next_cursor: last
        ? encodeAuditCursor({ before: last.position, page: page + 1, total })
        : null,
    })
  }

  #cursorOf(text: string | undefined): AuditCursor | null {
    const cursor = text === undefined ? null : decodeAuditCursor(text)
    if (text !== undefined && cursor === null) {
      throw new InvalidFieldsError({ cursor: ['The cursor is not one that a list has answered'] })
    }
    return cursor
  }
}

function accountsNamed({ actorUserId, resourceType, resourceId }: AuditEntryView): number[] {
  const resource = resourceType === 'account' ? Number(resourceId) : null
  return [actorUserId, resource].filter((accountId) => accountId !== null)
}
